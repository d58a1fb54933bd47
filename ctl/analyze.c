/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* analyze: a run by hand, and the wait for its end. */
#include <poll.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json-writer.h"
#include "common/text.h"
#include "ctl/ctl.h"
#include "ctl/tree.h"

#define BODY_MAX ((size_t)64 * 1024)
#define LOOK_EVERY_MSEC 300

static enum exit_code begin(const struct invocation *asked, struct client *client, unsigned *ret_run) {
    _cleanup_json_writer_ struct json_writer body = JSON_WRITER(BODY_MAX);
    _cleanup_answer_ struct answer_document answer = {0};
    _cleanup_free_ char *text = NULL;
    struct error err = {0};
    json_open_object(&body, NULL);
    json_put_string(&body, "name", asked->arguments[1]);
    json_open_object(&body, "args");
    for (size_t i = 0; i < asked->n_pairs; i++)
        put_pair(&body, asked->pairs[i]);
    json_close(&body);
    json_close(&body);
    if (json_finish(&body, &text, NULL, &err) < 0)
        return say_failed(EXIT_USAGE, "cannot ask for an analysis: %s", SAFE(err.text));
    enum exit_code code = talk_ask(client, "/v1/rollout/analyze", text, &answer);
    if (code == EXIT_HOLDS) {
        *ret_run = (unsigned)field_number(answer.document, "run", 0);
        (void)fprintf(stderr, "%s\n", SAFE(field_text(answer.document, "message")));
    }
    return code;
}

static bool has_ended(const cJSON *run) {
    return !STR_IN_SET(field_text(run, "phase"), "Pending", "Running", "");
}

/* The run as it ended. While the agent is away it is waited for: it says then what became of the run. */
static enum exit_code wait_for_end(const struct invocation *asked, struct client *client, unsigned run,
                                   struct answer_document *ret) {
    usec_t end = usec_add(monotonic_now(), asked->timeout > 0 ? asked->timeout : TIMEOUT_DEFAULT);
    char path[64];
    (void)snprintf(path, sizeof path, "/v1/runs/%u", run);
    for (;;) {
        struct answer_document answer = {0};
        int r = client_ask(client, path, NULL, &answer, NULL);
        if (r >= 0 && answer.status == 200 && has_ended(answer.document)) {
            *ret = answer;
            return EXIT_HOLDS;
        }
        bool gone = r >= 0 && answer.status == 404;
        answer_document_done(&answer);
        if (gone)
            return say_failed(EXIT_DEGRADED, "run %u is not there any more", run);
        if (monotonic_now() >= end)
            return say_failed(EXIT_TIMED_OUT, "out of time; run %u goes on: rolloutctl analysis %s %u", run,
                              asked->arguments[0], run);
        (void)poll(NULL, 0, LOOK_EVERY_MSEC);
    }
}

enum exit_code run_analyze(const struct invocation *asked) {
    _cleanup_(client_cleanup) struct client *client = NULL;
    _cleanup_answer_ struct answer_document answer = {0};
    struct error err = {0};
    unsigned run = 0;
    if (talk_begin(asked->arguments[0], &client, &err) < 0)
        return say_failed(EXIT_USAGE, "%s", err.text);
    enum exit_code code = begin(asked, client, &run);
    if (code == EXIT_HOLDS)
        code = wait_for_end(asked, client, run, &answer);
    if (code != EXIT_HOLDS)
        return code;
    if (writer_show(asked->writer, answer.document, view_run) < 0)
        return EXIT_DEGRADED;
    return strcmp(field_text(answer.document, "phase"), "Successful") == 0 ? EXIT_HOLDS : EXIT_DEGRADED;
}
