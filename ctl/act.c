/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs that change something: one POST each, and for deploy --watch what follows from it. */
#include <string.h>

#include "common/cleanup.h"
#include "common/json-writer.h"
#include "ctl/ctl.h"
#include "ctl/people.h"

static void view_result(struct writer *writer, FILE *out, const cJSON *document) {
    char until[64];
    bool waits = field_time(document, "waitsUntil") != USEC_INFINITY;
    (void)fprintf(out, "%s%s%s\n", SAFE(field_text(document, "message")), waits ? ", until " : "",
                  waits ? point_of_time(field_text(document, "waitsUntil"), until, sizeof until) : "");
}

/* Ends the body and asks. */
static enum exit_code post(const struct invocation *asked, struct client *client, struct json_writer *body,
                           struct answer_document *ret) {
    _cleanup_free_ char *text = NULL;
    struct error err = {0};
    char path[64];
    if (json_finish(body, &text, NULL, &err) < 0)
        return say_failed(EXIT_USAGE, "cannot ask for %s: %s", asked->verb->name, SAFE(err.text));
    (void)snprintf(path, sizeof(path), "/v1/rollout/%s", asked->verb->name);
    return talk_ask(client, path, text, ret);
}

static enum exit_code act(const struct invocation *asked, struct json_writer *body) {
    _cleanup_(client_cleanup) struct client *client = NULL;
    _cleanup_answer_ struct answer_document answer = {0};
    struct error err = {0};
    if (talk_begin(asked->arguments[0], &client, &err) < 0)
        return say_failed(EXIT_USAGE, "%s", err.text);
    enum exit_code code = post(asked, client, body, &answer);
    if (code == EXIT_HOLDS && writer_show(asked->writer, answer.document, view_result) < 0)
        code = EXIT_DEGRADED;
    return code;
}

enum exit_code run_plain_verb(const struct invocation *asked) {
    _cleanup_json_writer_ struct json_writer body = JSON_WRITER(BODY_MAX);
    json_open_object(&body, NULL);
    json_close(&body);
    return act(asked, &body);
}

enum exit_code run_promote(const struct invocation *asked) {
    _cleanup_json_writer_ struct json_writer body = JSON_WRITER(BODY_MAX);
    json_open_object(&body, NULL);
    json_put_bool(&body, "full", asked->full);
    json_close(&body);
    return act(asked, &body);
}

enum exit_code run_undo(const struct invocation *asked) {
    _cleanup_json_writer_ struct json_writer body = JSON_WRITER(BODY_MAX);
    json_open_object(&body, NULL);
    if (asked->to_revision > 0)
        json_put_u32(&body, "toRevision", asked->to_revision);
    json_close(&body);
    return act(asked, &body);
}

/* ---------------------------------------------------------------- deploy */

void put_pair(struct json_writer *body, const char *pair) {
    char key[128];
    const char *value = strchr(pair, '=') + 1;
    (void)snprintf(key, sizeof(key), "%.*s", (int)(value - pair - 1), pair);
    json_put_string(body, key, value);
}

void put_deploy(struct json_writer *body, const struct invocation *asked) {
    json_open_object(body, NULL);
    json_put_string(body, "version", asked->arguments[1]);
    if (asked->n_pairs > 0)
        json_open_object(body, "env");
    for (size_t i = 0; i < asked->n_pairs; i++)
        put_pair(body, asked->pairs[i]);
    if (asked->n_pairs > 0)
        json_close(body);
    if (asked->now)
        json_put_bool(body, "now", true);
    json_close(body);
}

struct follow {
    unsigned revision;
    bool until_paused;
};

/* A revision ends by its outcome in the history; what is promoted has ended when it is Healthy. The phase is said of
 * what is under way, or else live: nothing of a revision that is queued, or that another one has followed. */
static bool judge_revision(struct client *client, const cJSON *rollout, void *userdata, enum exit_code *ret) {
    const struct follow *follow = userdata;
    _cleanup_answer_ struct answer_document answer = {0};
    char path[64];
    (void)snprintf(path, sizeof(path), "/v1/revisions/%u", follow->revision);
    if (client_ask(client, path, NULL, &answer, NULL) < 0)
        return false;
    if (answer.status != 200 && answer.status != 404)
        return false;
    bool ours = (unsigned)field_number(rollout, "revision", 0) == follow->revision;
    const char *phase = ours ? field_text(rollout, "phase") : "";
    const char *outcome = answer.status == 200 ? field_text(answer.document, "outcome") : "forgotten";
    bool running = strcmp(outcome, "running") == 0, promoted = strcmp(outcome, "promoted") == 0;
    bool degraded = strcmp(phase, "Degraded") == 0;
    if (follow->until_paused && running && strcmp(phase, "Paused") == 0) {
        *ret = EXIT_HOLDS;
        return true;
    }
    if (ours ? !degraded && !(promoted && strcmp(phase, "Healthy") == 0) : running)
        return false; /* where it has ended by now, the next look shows how */
    *ret = promoted && !degraded ? EXIT_HOLDS : EXIT_DEGRADED;
    const char *reason = field_text(answer.document, "reason");
    (void)fprintf(stderr, "revision %u %s%s%s\n", follow->revision,
                  degraded           ? "is Degraded"
                  : promoted && ours ? "is live"
                  : promoted         ? "was promoted"
                                     : SAFE(outcome),
                  *reason ? ": " : "", SAFE(reason));
    return true;
}

enum exit_code run_deploy(const struct invocation *asked) {
    _cleanup_json_writer_ struct json_writer body = JSON_WRITER(BODY_MAX);
    _cleanup_(client_cleanup) struct client *client = NULL;
    _cleanup_answer_ struct answer_document answer = {0};
    struct error err = {0};
    put_deploy(&body, asked);
    if (talk_begin(asked->arguments[0], &client, &err) < 0)
        return say_failed(EXIT_USAGE, "%s", err.text);
    enum exit_code code = post(asked, client, &body, &answer);
    if (code != EXIT_HOLDS)
        return code;
    struct follow follow = {.revision = (unsigned)field_number(answer.document, "revision", 0),
                            .until_paused = asked->until_paused};
    if (!asked->watch || follow.revision == 0)
        return writer_show(asked->writer, answer.document, view_result) < 0 ? EXIT_DEGRADED : EXIT_HOLDS;
    view_result(asked->writer, stderr, answer.document);
    return watch(asked, client, true, judge_revision, &follow);
}
