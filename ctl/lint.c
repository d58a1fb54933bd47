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
#include "ctl/lint.h"
#include "ctl/permit.h"
#include "notify/hook.h"
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

static int check_hooks(const struct spec *spec, struct error *err) {
    int r = 0;
    for (size_t i = 0; r >= 0 && i < spec->n_hooks; i++)
        r = hook_check(&spec->hooks[i], err);
    return r;
}

/* Who reads only the configuration would wait for messages that never come. */
static void say_nothing_is_sent(const struct spec *spec, struct findings *findings) {
    for (size_t i = 0; i < spec->n_notifies; i++) {
        const struct party_spec *notify = &spec->notifies[i];
        char place[PATH_MAX];
        (void)snprintf(place, sizeof place, "%s:%d", notify->file, notify->line);
        findings_add(findings, SEVERITY_WARNING, place,
                     "[Notify %s] is checked, but nothing is sent yet: expected a [Hook] with At=event, or whoever "
                     "reads the journal",
                     notify->name);
    }
}

/* Checks one app; FOLDER NULL: the installed one, with the host around it. Adds it to the list. */
static bool check_app(struct json_writer *json, const struct invocation *asked, const char *app, const char *folder) {
    _cleanup_findings_ struct findings findings = {0};
    _cleanup_(spec_cleanup) struct spec *spec = NULL;
    struct error err = {0};
    enum says_ready says_ready = SAYS_READY_UNKNOWN;
    const struct spec_paths paths = {.etc = folder};
    int r = spec_load(app, &paths, &spec, &err);
    if (r >= 0)
        r = check_metrics(spec, &err);
    if (r >= 0)
        r = check_hooks(spec, &err);
    if (r >= 0)
        r = spec_check_others(spec, &paths, &err);
    if (r < 0)
        findings_add_text(&findings, err.text);
    else
        say_nothing_is_sent(spec, &findings);
    if (r >= 0 && !folder)
        says_ready = lint_host(spec, &findings);
    if (r >= 0 && asked->haproxy)
        lint_haproxy_file(spec, asked->haproxy, says_ready, &findings);
    else if (r >= 0 && !folder)
        lint_haproxy(spec, says_ready, &findings);

    json_open_object(json, NULL);
    json_put_text(json, "app", app);
    json_put_bool(json, "valid", findings.n_errors == 0);
    findings_put(&findings, json);
    json_close(json);
    return findings.n_errors == 0;
}

static int only_conf(const struct dirent *entry) {
    size_t len = strlen(entry->d_name), suffix = strlen(SUFFIX);
    return len > suffix && strcmp(entry->d_name + len - suffix, SUFFIX) == 0;
}

static bool check_all(struct json_writer *json, const struct invocation *asked) {
    struct dirent **entries = NULL;
    bool good = true;
    int n = scandir(ROLLOUT_CONF_DIR, &entries, only_conf, alphasort);
    for (int i = 0; i < n; i++) {
        entries[i]->d_name[strlen(entries[i]->d_name) - strlen(SUFFIX)] = '\0';
        good &= check_app(json, asked, entries[i]->d_name, NULL);
        free(entries[i]);
    }
    free(entries);
    return good;
}

/* "etc/shop.conf" -> the app shop, in etc. */
static bool check_file(struct json_writer *json, const struct invocation *asked, const char *path) {
    char folder[PATH_MAX], app[NAME_MAX + 1];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    (void)snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + (slash == path) : 1,
                   slash ? path : ".");
    (void)snprintf(app, sizeof(app), "%.*s", (int)(strlen(name) - strlen(SUFFIX)), name);
    return check_app(json, asked, app, folder);
}

static void view_lint(struct writer *writer, FILE *out, const cJSON *document) {
    json_for_each(app, document) {
        bool valid = false;
        int n = cJSON_GetArraySize(field_of(app, "findings"));
        (void)json_opt_bool(app, "valid", &valid, NULL);
        if (valid)
            (void)fprintf(out, n > 0 ? "%s: good, but for %d warning%s\n" : "%s: good\n", SAFE(field_text(app, "app")),
                          n, n > 1 ? "s" : "");
    }
}

/* What is wrong goes to standard error. */
static void say_wrong(const cJSON *document) {
    json_for_each(app, document) {
        json_for_each(finding, field_of(app, "findings")) {
            const char *place = field_text(finding, "place");
            (void)fprintf(stderr, "%s%s%s: %s\n", SAFE_LINES(place), *place ? ": " : "",
                          field_text(finding, "severity"), SAFE_LINES(field_text(finding, "message")));
        }
    }
}

enum exit_code run_lint(const struct invocation *asked) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER((size_t)4 << 20);
    _cleanup_json_ cJSON *document = NULL;
    _cleanup_free_ char *text = NULL;
    size_t len = 0;
    const char *what = asked->n_arguments > 0 ? asked->arguments[0] : NULL;
    size_t what_len = what ? strlen(what) : 0, suffix = strlen(SUFFIX);
    json_open_array(&json, NULL);
    bool good = !what ? check_all(&json, asked)
                : what_len > suffix && strcmp(what + what_len - suffix, SUFFIX) == 0
                    ? check_file(&json, asked, what)
                    : check_app(&json, asked, what, NULL);
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
