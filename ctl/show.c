/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where rollouts stand: get, status, list. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json-writer.h"
#include "common/text.h"
#include "ctl/ctl.h"
#include "ctl/tree.h"
#include "spec/spec.h"

static enum exit_code show_rollout(const struct invocation *asked, struct client *client, text_view view,
                                   struct answer_document *ret) {
    enum exit_code code = talk_ask(client, "/v1/rollout", NULL, ret);
    if (code == EXIT_HOLDS && writer_show(asked->writer, ret->document, view) < 0)
        code = EXIT_DEGRADED;
    return code;
}

static bool judge_never(struct client *client, const cJSON *rollout, void *userdata, enum exit_code *ret) {
    return false;
}

enum exit_code run_get(const struct invocation *asked) {
    _cleanup_(client_cleanup) struct client *client = NULL;
    _cleanup_answer_ struct answer_document answer = {0};
    struct error err = {0};
    if (talk_begin(asked->arguments[0], &client, &err) < 0)
        return say_failed(EXIT_USAGE, "%s", err.text);
    return asked->watch ? watch(asked, client, false, judge_never, NULL)
                        : show_rollout(asked, client, view_rollout, &answer);
}

static bool judge_rest(struct client *client, const cJSON *rollout, void *userdata, enum exit_code *ret) {
    const char *phase = field_text(rollout, "phase");
    if (!STR_IN_SET(phase, "Healthy", "Idle", "Degraded"))
        return false;
    *ret = strcmp(phase, "Degraded") == 0 ? EXIT_DEGRADED : EXIT_HOLDS;
    return true;
}

enum exit_code run_status(const struct invocation *asked) {
    _cleanup_(client_cleanup) struct client *client = NULL;
    _cleanup_answer_ struct answer_document answer = {0};
    struct error err = {0};
    if (talk_begin(asked->arguments[0], &client, &err) < 0)
        return say_failed(EXIT_USAGE, "%s", err.text);
    if (asked->watch)
        return watch(asked, client, false, judge_rest, NULL);
    enum exit_code code = show_rollout(asked, client, view_line, &answer);
    if (code == EXIT_HOLDS)
        (void)judge_rest(client, answer.document, NULL, &code);
    return code;
}

/* ---------------------------------------------------------------- list */

struct app_list {
    char (*names)[APP_NAME_MAX];
    size_t n;
};

/* Adds the apps that a folder names, as APP followed by the suffix. */
static void add_apps(struct app_list *list, const char *folder, const char *suffix) {
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, NULL, NULL);
    void *grown = n > 0 ? realloc(list->names, (list->n + (size_t)n) * sizeof(*list->names)) : NULL;
    list->names = grown ? grown : list->names;
    for (int i = 0; i < n; i++) {
        char *name = entries[i]->d_name, *end = name + strcspn(name, ".");
        if (grown && strcmp(end, suffix) == 0) {
            *end = '\0';
            if (app_name_valid(name))
                (void)string_copy(list->names[list->n++], APP_NAME_MAX, name);
        }
        free(entries[i]);
    }
    free(entries);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(a, b);
}

static void put_app(struct json_writer *json, const char *app) {
    _cleanup_(client_cleanup) struct client *client = NULL;
    _cleanup_answer_ struct answer_document answer = {0};
    struct error err = {0};
    int r = talk_begin(app, &client, &err);
    if (r == 0)
        r = client_ask(client, "/v1/rollout", NULL, &answer, &err);
    if (r == 0 && answer.status == 200) {
        json_put_value(json, NULL, answer.document);
        return;
    }
    json_open_object(json, NULL);
    json_put_string(json, "app", app);
    json_put_null(json, "phase");
    json_put_text(json, "message", r < 0 ? err.text : "the agent gave no answer");
    json_close(json);
}

static const char *cell_step(const cJSON *row, char *buffer, size_t size) {
    const cJSON *step = field_of(row, "step");
    if (step && field_of(row, "canary"))
        (void)snprintf(buffer, size, "%.0f/%.0f", field_number(step, "index", 0), field_number(step, "count", 0));
    else
        (void)string_copy(buffer, size, "-");
    return buffer;
}

static const char *cell_weight(const cJSON *row, char *buffer, size_t size) {
    double weight = field_number(field_of(row, "weight"), "actual", -1);
    if (weight >= 0 && field_of(row, "canary"))
        (void)snprintf(buffer, size, "%.4g %%", weight);
    else
        (void)string_copy(buffer, size, "-");
    return buffer;
}

static const char *version_of(const cJSON *side, char *buffer, size_t size) {
    const char *version = field_text(side, "version");
    return safe_text(*version ? version : "-", buffer, size);
}

static const char *cell_stable(const cJSON *row, char *buffer, size_t size) {
    return version_of(field_of(row, "stable"), buffer, size);
}

static const char *cell_canary(const cJSON *row, char *buffer, size_t size) {
    return version_of(field_of(row, "canary"), buffer, size);
}

static void view_list(struct writer *writer, FILE *out, const cJSON *document) {
    static const struct column columns[] = {
        {"APP", "app", NULL},         {"PHASE", "phase", NULL},  {"STABLE", NULL, cell_stable},
        {"NEW", NULL, cell_canary},   {"STEP", NULL, cell_step}, {"WEIGHT", NULL, cell_weight},
        {"MESSAGE", "message", NULL},
    };
    write_table(writer, out, document, columns, ELEMENTS(columns));
}

/* Those with configuration, and those whose agents run: one by one, once each. */
enum exit_code run_list(const struct invocation *asked) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER((size_t)64 << 20);
    _cleanup_json_ cJSON *document = NULL;
    _cleanup_free_ char *text = NULL;
    struct app_list list = {0};
    size_t len = 0;
    add_apps(&list, ROLLOUT_CONF_DIR, ".conf");
    add_apps(&list, run_folder(), "");
    if (list.n > 0)
        qsort(list.names, list.n, sizeof(*list.names), compare_names);
    json_open_array(&json, NULL);
    for (size_t i = 0; i < list.n; i++)
        if (i == 0 || strcmp(list.names[i - 1], list.names[i]) != 0)
            put_app(&json, list.names[i]);
    json_close(&json);
    free(list.names);
    if (json_finish(&json, &text, &len, NULL) < 0 || json_parse(text, len, &document, NULL) < 0 ||
        writer_show(asked->writer, document, view_list) < 0)
        return say_failed(EXIT_DEGRADED, "cannot make the list: no memory");
    return EXIT_HOLDS;
}
