/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a deploy would do: the agent is asked as by deploy, but for a dry run. */
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "ctl/ctl.h"
#include "ctl/people.h"

/* What stands before a step that nobody knows the time of is "?". */
static const char *cell_begins(const cJSON *row, char *buffer, size_t size) {
    double seconds = field_number(row, "beginsSec", -1);
    if (seconds < 0)
        (void)string_copy(buffer, size, "?");
    else
        (void)short_span((usec_t)(seconds * USEC_PER_SEC), buffer, size);
    return buffer;
}

static const char *cell_lasts(const cJSON *row, char *buffer, size_t size) {
    double seconds = field_number(row, "lastsSec", -1);
    if (seconds < 0)
        (void)string_copy(buffer, size, "?");
    else if (seconds > 0)
        (void)short_span((usec_t)(seconds * USEC_PER_SEC), buffer, size);
    else
        (void)string_copy(buffer, size, "-");
    return buffer;
}

static const char *cell_weight(const cJSON *row, char *buffer, size_t size) {
    (void)snprintf(buffer, size, "%.4g %%", field_number(row, "weight", 0));
    return buffer;
}

static const char *cell_new(const cJSON *row, char *buffer, size_t size) {
    (void)snprintf(buffer, size, "%.0f", field_number(row, "instances", 0));
    return buffer;
}

static const char *cell_stable(const cJSON *row, char *buffer, size_t size) {
    (void)snprintf(buffer, size, "%.0f", field_number(row, "stableInstances", 0));
    return buffer;
}

/* "confirm-promotion: live", one after the other. */
static const char *cell_asks(const cJSON *row, char *buffer, size_t size) {
    size_t len = 0;
    (void)string_copy(buffer, size, "-");
    json_for_each(ask, field_of(row, "asks")) {
        int n = snprintf(buffer + len, size - len, "%s%s: %s", len ? ", " : "", SAFE(field_text(ask, "moment")),
                         SAFE(field_text(ask, "hook")));
        if (n < 0 || (size_t)n >= size - len)
            break; /* cut off */
        len += (size_t)n;
    }
    return buffer;
}

static void say_background(FILE *out, const cJSON *background) {
    if (!background)
        return;
    (void)fprintf(out, "In the background, from step %.0f on:", field_number(background, "startingStep", 0) + 1);
    json_for_each(name, field_of(background, "names")) {
        (void)fprintf(out, " %s", SAFE(cJSON_GetStringValue(name)));
    }
    (void)fputc('\n', out);
}

static void view_plan(struct writer *writer, FILE *out, const cJSON *document) {
    static const struct column columns[] = {
        {"AT", NULL, cell_begins},       {"STEP", "text", NULL},    {"TAKES", NULL, cell_lasts},
        {"REQUESTS", NULL, cell_weight}, {"NEW", NULL, cell_new},   {"STABLE", NULL, cell_stable},
        {"WAITS FOR", "waitsFor", NULL}, {"ASKS", NULL, cell_asks},
    };
    usec_t until = field_time(document, "waitsUntil");
    char text[64];
    (void)fprintf(out, "A deploy would answer: %s\n", SAFE(field_text(document, "message")));
    if (until != USEC_INFINITY)
        (void)fprintf(out, "It would begin at %s\n",
                      point_of_time(field_text(document, "waitsUntil"), text, sizeof text));
    if (cJSON_GetArraySize(field_of(document, "steps")) == 0) {
        (void)fputs("No step follows.\n", out);
        return;
    }
    (void)fputs("Times are the least that is needed; starting instances and moving requests comes on top.\n\n", out);
    write_table(writer, out, field_of(document, "steps"), columns, ELEMENTS(columns));
    say_background(out, field_of(document, "background"));
}

enum exit_code run_plan(const struct invocation *asked) {
    _cleanup_json_writer_ struct json_writer body = JSON_WRITER(BODY_MAX);
    _cleanup_(client_cleanup) struct client *client = NULL;
    _cleanup_answer_ struct answer_document answer = {0};
    _cleanup_free_ char *text = NULL;
    struct error err = {0};
    put_deploy(&body, asked);
    if (json_finish(&body, &text, NULL, &err) < 0)
        return say_failed(EXIT_USAGE, "cannot ask for a plan: %s", SAFE(err.text));
    if (talk_begin(asked->arguments[0], &client, &err) < 0)
        return say_failed(EXIT_USAGE, "%s", err.text);
    enum exit_code code = talk_ask(client, "/v1/rollout/deploy?dryRun=1", text, &answer);
    if (code == EXIT_HOLDS && writer_show(asked->writer, answer.document, view_plan) < 0)
        code = EXIT_DEGRADED;
    return code;
}
