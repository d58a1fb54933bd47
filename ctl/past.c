/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was: history, analysis. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "ctl/ctl.h"
#include "ctl/people.h"
#include "ctl/tree.h"

static enum exit_code show(const struct invocation *asked, const char *path, text_view view) {
    _cleanup_(client_cleanup) struct client *client = NULL;
    _cleanup_answer_ struct answer_document answer = {0};
    struct error err = {0};
    if (talk_begin(asked->arguments[0], &client, &err) < 0)
        return say_failed(EXIT_USAGE, "%s", err.text);
    enum exit_code code = talk_ask(client, path, NULL, &answer);
    if (code == EXIT_HOLDS && writer_show(asked->writer, answer.document, view) < 0)
        code = EXIT_DEGRADED;
    return code;
}

static const char *cell_by(const cJSON *row, char *buffer, size_t size) {
    return person(field_of(row, "by"), buffer, size);
}

static const char *cell_started(const cJSON *row, char *buffer, size_t size) {
    return point_of_time(field_text(row, "started"), buffer, size);
}

static const char *cell_finished(const cJSON *row, char *buffer, size_t size) {
    return point_of_time(field_text(row, "finished"), buffer, size);
}

static const char *cell_took(const cJSON *row, char *buffer, size_t size) {
    usec_t started = field_time(row, "started"), finished = field_time(row, "finished");
    bool known = started != USEC_INFINITY && finished != USEC_INFINITY && finished >= started;
    return known ? short_span(finished - started, buffer, size) : "-";
}

static void view_history(struct writer *writer, FILE *out, const cJSON *document) {
    static const struct column columns[] = {
        {"REVISION", "revision", NULL}, {"VERSION", "version", NULL},    {"OUTCOME", "outcome", NULL},
        {"BY", NULL, cell_by},          {"STARTED", NULL, cell_started}, {"FINISHED", NULL, cell_finished},
        {"TOOK", NULL, cell_took},      {"REASON", "reason", NULL},
    };
    write_table(writer, out, document, columns, ELEMENTS(columns));
}

enum exit_code run_history(const struct invocation *asked) {
    return show(asked, "/v1/revisions", view_history);
}

static const char *cell_of_step(const cJSON *row, char *buffer, size_t size) {
    double step = field_number(row, "stepIndex", -1);
    if (step >= 0)
        (void)snprintf(buffer, size, "%.0f", step + 1);
    else
        (void)string_copy(buffer, size, field_number(row, "revision", 0) > 0 ? "background" : "by hand");
    return buffer;
}

static void view_runs(struct writer *writer, FILE *out, const cJSON *document) {
    static const struct column columns[] = {
        {"RUN", "id", NULL},
        {"NAME", "name", NULL},
        {"REVISION", "revision", NULL},
        {"STEP", NULL, cell_of_step},
        {"PHASE", "phase", NULL},
        {"STARTED", NULL, cell_started},
        {"FINISHED", NULL, cell_finished},
        {"MESSAGE", "message", NULL},
    };
    write_table(writer, out, document, columns, ELEMENTS(columns));
}

enum exit_code run_analysis(const struct invocation *asked) {
    if (asked->n_arguments == 1)
        return show(asked, "/v1/runs", view_runs);
    const char *run = asked->arguments[1];
    char path[64];
    if (strlen(run) > 10 || strlen(run) != strspn(run, "0123456789"))
        return say_failed(EXIT_USAGE, "\"%s\" is no number of a run", SAFE(run));
    (void)snprintf(path, sizeof(path), "/v1/runs/%s", run);
    return show(asked, path, view_run);
}
