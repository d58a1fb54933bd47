/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What needs no agent: lint, permit. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json-writer.h"
#include "common/text.h"
#include "ctl/ctl.h"
#include "ctl/permit.h"
#include "provider/provider.h"
#include "spec/spec.h"

#define SUFFIX ".conf"

static void spec_cleanup(struct spec **spec) {
    *spec = spec_free(*spec);
}

static int check_metrics(const struct spec *spec, struct error *err) {
    for (size_t i = 0; i < spec->n_templates; i++)
        for (size_t j = 0; j < spec->templates[i].n_metrics; j++) {
            const struct metric_spec *metric = &spec->templates[i].metrics[j];
            const struct provider *provider = provider_find(metric->provider);
            if (!provider)
                return error_set(err, -EINVAL, "%s:%d: no provider \"%s\"", metric->file, metric->line,
                                 metric->provider);
            int r = provider->check(metric, err);
            if (r < 0)
                return r;
        }
    return 0;
}

/* Checks one app; FOLDER NULL: the installed one. Adds it to the list. */
static bool check_app(struct json_writer *json, const char *app, const char *folder) {
    _cleanup_(spec_cleanup) struct spec *spec = NULL;
    struct error err = {0};
    const struct spec_paths paths = {.etc = folder};
    int r = spec_load(app, &paths, &spec, &err);
    if (r >= 0)
        r = check_metrics(spec, &err);
    json_open_object(json, NULL);
    json_put_text(json, "app", app);
    json_put_bool(json, "valid", r >= 0);
    json_put_text(json, "message", r >= 0 ? NULL : err.text);
    json_close(json);
    return r >= 0;
}

static int only_conf(const struct dirent *entry) {
    size_t len = strlen(entry->d_name), suffix = strlen(SUFFIX);
    return len > suffix && strcmp(entry->d_name + len - suffix, SUFFIX) == 0;
}

static bool check_all(struct json_writer *json) {
    struct dirent **entries = NULL;
    bool good = true;
    int n = scandir(ROLLOUT_CONF_DIR, &entries, only_conf, alphasort);
    for (int i = 0; i < n; i++) {
        entries[i]->d_name[strlen(entries[i]->d_name) - strlen(SUFFIX)] = '\0';
        good &= check_app(json, entries[i]->d_name, NULL);
        free(entries[i]);
    }
    free(entries);
    return good;
}

/* "etc/shop.conf" -> the app shop, in etc. */
static bool check_file(struct json_writer *json, const char *path) {
    char folder[PATH_MAX], app[NAME_MAX + 1];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    (void)snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + (slash == path) : 1,
                   slash ? path : ".");
    (void)snprintf(app, sizeof(app), "%.*s", (int)(strlen(name) - strlen(SUFFIX)), name);
    return check_app(json, app, folder);
}

static void view_lint(struct writer *writer, FILE *out, const cJSON *document) {
    json_for_each(app, document) {
        bool valid = false;
        (void)json_opt_bool(app, "valid", &valid, NULL);
        if (valid)
            (void)fprintf(out, "%s: good\n", SAFE(field_text(app, "app")));
    }
}

/* What is wrong goes to standard error. */
static void say_wrong(const cJSON *document) {
    json_for_each(app, document) if (*field_text(app, "message"))(void)
        fprintf(stderr, "%s\n", SAFE(field_text(app, "message")));
}

enum exit_code run_lint(const struct invocation *asked) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER((size_t)4 << 20);
    _cleanup_json_ cJSON *document = NULL;
    _cleanup_free_ char *text = NULL;
    size_t len = 0;
    const char *what = asked->n_arguments > 0 ? asked->arguments[0] : NULL;
    size_t what_len = what ? strlen(what) : 0, suffix = strlen(SUFFIX);
    json_open_array(&json, NULL);
    bool good = !what                                                                ? check_all(&json)
                : what_len > suffix && strcmp(what + what_len - suffix, SUFFIX) == 0 ? check_file(&json, what)
                                                                                     : check_app(&json, what, NULL);
    json_close(&json);
    if (json_finish(&json, &text, &len, NULL) < 0 || json_parse(text, len, &document, NULL) < 0)
        return say_failed(EXIT_DEGRADED, "no memory");
    if (!asked->writer->json)
        say_wrong(document);
    if (writer_show(asked->writer, document, view_lint) < 0)
        return EXIT_DEGRADED;
    return good ? EXIT_HOLDS : EXIT_USAGE;
}

enum exit_code run_permit(const struct invocation *asked) {
    struct error err = {0};
    if (permit_app(asked->arguments[0], &err) < 0)
        return say_failed(EXIT_USAGE, "%s", SAFE(err.text));
    return EXIT_HOLDS;
}
