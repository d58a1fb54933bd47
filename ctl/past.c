/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was: history, analysis. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "ctl/ctl.h"
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

/* Who logged in counts; sudo changes only the other. */
static const char *cell_by(const cJSON *row, char *buffer, size_t size) {
    const cJSON *by = field_of(row, "by");
    double uid = field_number(by, "loginUid", field_number(by, "uid", -1));
    const struct passwd *user = uid >= 0 ? getpwuid((uid_t)uid) : NULL;
    if (user)
        return safe_text(user->pw_name, buffer, size);
    if (uid >= 0)
        (void)snprintf(buffer, size, "uid %.0f", uid);
    else
        (void)string_copy(buffer, size, "-");
    return buffer;
}

static const char *cell_time(const cJSON *row, const char *key, char *buffer, size_t size) {
    const char *time = field_text(row, key);
    (void)safe_text(*time ? time : "-", buffer, size);
    if (strlen(buffer) > 19) { /* "2026-11-23T10:00:00.000Z" -> "2026-11-23 10:00:00Z" */
        buffer[10] = ' ';
        memcpy(buffer + 19, "Z", 2);
    }
    return buffer;
}

static const char *cell_started(const cJSON *row, char *buffer, size_t size) {
    return cell_time(row, "started", buffer, size);
}

static const char *cell_finished(const cJSON *row, char *buffer, size_t size) {
    return cell_time(row, "finished", buffer, size);
}

static void view_history(struct writer *writer, FILE *out, const cJSON *document) {
    static const struct column columns[] = {
        {"REVISION", "revision", NULL}, {"VERSION", "version", NULL},    {"OUTCOME", "outcome", NULL},
        {"BY", NULL, cell_by},          {"STARTED", NULL, cell_started}, {"FINISHED", NULL, cell_finished},
        {"REASON", "reason", NULL},
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
        (void)string_copy(buffer, size, "background");
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
