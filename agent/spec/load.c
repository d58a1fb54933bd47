/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files make a configuration: APP.conf, its drop-ins, and the templates that these refer to. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/digest.h"
#include "common/files.h"
#include "spec/blue-green.h"
#include "spec/build.h"
#include "spec/defaults.h"
#include "spec/names.h"
#include "spec/place.h"

#ifndef ROLLOUT_CONF_DIR
#define ROLLOUT_CONF_DIR "/etc/rollout"
#endif
#ifndef ROLLOUT_LIB_DIR
#define ROLLOUT_LIB_DIR "/usr/lib/rollout"
#endif

#define FILE_MAX ((size_t)1024 * 1024)
#define TEMPLATE_NAMES_MAX 256 /* looked at for did you mean */

static void cleanup_spec(struct spec **spec) {
    (void)spec_free(*spec);
}

#define _cleanup_spec_ _cleanup_(cleanup_spec)

static int read_file(struct document *document, const char *path, const char *template, struct error *err) {
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = file_read(path, FILE_MAX, &text, &len, err);

    return r < 0 ? r : document_read(document, text, len, path, template, err);
}

static int is_conf(const struct dirent *entry) {
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The *.conf files of a folder, in the order of their bytes. None when there is no such folder. */
static int list_conf(const char *folder, struct dirent ***ret, struct error *err) {
    int n = scandir(folder, ret, is_conf, by_name);

    if (n >= 0)
        return n;
    *ret = NULL;
    return errno == ENOENT ? 0 : error_set(err, -errno, "cannot read folder %s: %s", folder, strerror(errno));
}

static void free_list(struct dirent **entries, int n) {
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
}

static int read_drop_ins(struct document *document, const char *file, struct error *err) {
    char folder[PATH_MAX + 3], path[PATH_MAX + NAME_MAX + 5];
    struct dirent **entries;
    int r = 0, n;

    (void)snprintf(folder, sizeof folder, "%s.d", file);
    n = list_conf(folder, &entries, err);
    for (int i = 0; i < n && r >= 0; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        r = read_file(document, path, "", err);
    }
    free_list(entries, n);
    return n < 0 ? n : r;
}

/* Adds the names of the template files in a folder, without ".conf", to names. Returns how many there are then. */
static size_t collect_templates(const char *folder, char **names, size_t n) {
    struct dirent **entries;
    int found = list_conf(folder, &entries, NULL);

    for (int i = 0; i < found && n < TEMPLATE_NAMES_MAX; i++)
        if ((names[n] = strndup(entries[i]->d_name, strlen(entries[i]->d_name) - strlen(".conf"))))
            n++;
    free_list(entries, found);
    return n;
}

static int no_such_template(const struct spec *spec, const char *const folders[2], const char *name,
                            const struct document_entry *place, struct error *err) {
    char *names[TEMPLATE_NAMES_MAX];
    size_t n = 0;

    for (size_t i = 0; i < spec->n_templates && n < TEMPLATE_NAMES_MAX; i++)
        if ((names[n] = strdup(spec->templates[i].name)))
            n++;
    for (size_t i = 0; i < 2; i++)
        n = collect_templates(folders[i], names, n);
    int r =
        error_at(err, place->file, place->line, "%s: \"%s\" is neither a [Metric] here nor a template in %s or %s%s",
                 place->key, name, folders[0], folders[1], DID_YOU_MEAN(name, (const char *const *)names, n));
    while (n > 0)
        free(names[--n]);
    return r;
}

/* Reads a template: the host's own, or the one that was shipped. */
static int read_template(const struct spec *spec, struct document *document, const struct spec_paths *paths,
                         const char *name, const struct document_entry *place, struct error *err) {
    char own[PATH_MAX], shipped[PATH_MAX], path[PATH_MAX + METRIC_NAME_MAX + 8];
    const char *const folders[2] = {own, shipped};

    (void)snprintf(own, sizeof own, "%s/analysis", paths->etc);
    (void)snprintf(shipped, sizeof shipped, "%s/analysis", paths->lib);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s.conf", folders[i], name);
        int r = read_file(document, path, name, err);
        if (r != -ENOENT)
            return r;
    }
    return no_such_template(spec, folders, name, place, err);
}

/* Reads and builds every template that is asked for and not there yet. */
static int read_used(struct spec *spec, struct document *document, const struct spec_paths *paths,
                     const struct analysis_use *use, const struct document_entry *place, struct error *err) {
    for (uint32_t i = 0; i < use->n_names; i++) {
        size_t first = document->n_sections;
        if (spec_template(spec, use->names[i]))
            continue;
        int r = read_template(spec, document, paths, use->names[i], place, err);
        if (r >= 0)
            r = spec_build(spec, document, first, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_templates(struct spec *spec, struct document *document, const struct spec_paths *paths,
                          struct error *err) {
    const struct analysis_use *use;
    const struct document_entry *place;
    int r = 0;

    for (size_t i = 0; r >= 0 && (use = spec_use(spec, i, document, &place)); i++)
        r = read_used(spec, document, paths, use, place, err);
    return r;
}

/* Checks the whole and keeps it as text. */
static int finish(struct spec *spec, const struct document *document, const char *file, struct error *err) {
    spec_complete(spec);
    int r = spec_check(spec, document, file, err);
    if (r < 0)
        return r;
    if (spec->strategy == STRATEGY_BLUE_GREEN)
        spec_blue_green(spec);
    r = document_text(document, &spec->text);
    if (r < 0)
        return error_set(err, r, "%s: more configuration than can be kept", file);
    r = digest_sha256_text(spec->text, strlen(spec->text), spec->digest);
    return r < 0 ? error_set(err, r, "out of memory") : 0;
}

static int new_spec(const char *app, struct spec **ret, struct error *err) {
    if (!app_name_valid(app))
        return error_set(err, -EINVAL,
                         "\"%s\" is no name of an app, expected up to %d lower-case letters, digits and -", SHOWN(app),
                         APP_NAME_MAX - 1);
    *ret = spec_new(app);
    return *ret ? 0 : error_set(err, -ENOMEM, "out of memory");
}

int spec_load(const char *app, const struct spec_paths *paths, struct spec **ret, struct error *err) {
    return spec_load_analysis(app, paths, NULL, ret, err);
}

int spec_load_analysis(const char *app, const struct spec_paths *given, const struct analysis_use *use,
                       struct spec **ret, struct error *err) {
    struct spec_paths paths = {
        .etc = given && given->etc ? given->etc : ROLLOUT_CONF_DIR,
        .lib = given && given->lib ? given->lib : ROLLOUT_LIB_DIR,
    };
    _cleanup_document_ struct document document = DOCUMENT_NULL;
    _cleanup_spec_ struct spec *spec = NULL;
    char file[PATH_MAX], key[] = "analyze";
    const struct document_entry by_hand = {.key = key, .file = file};
    int r = new_spec(app, &spec, err);

    if (r >= 0 && (strlen(paths.etc) > PATH_MAX - NAME_MAX || strlen(paths.lib) > PATH_MAX - NAME_MAX))
        r = error_set(err, -ENAMETOOLONG, "the name of the configuration's folder is too long");
    if (r < 0)
        return r;
    (void)snprintf(file, sizeof file, "%s/%s.conf", paths.etc, app);
    r = read_file(&document, file, "", err);
    if (r == -ENOENT)
        return error_set(err, r, "no app %s: there is no %s", app, file);
    if (r >= 0)
        r = read_drop_ins(&document, file, err);
    if (r >= 0)
        r = spec_build(spec, &document, 0, err);
    if (r >= 0)
        r = read_templates(spec, &document, &paths, err);
    if (r >= 0 && use)
        r = read_used(spec, &document, &paths, use, &by_hand, err);
    if (r >= 0)
        r = finish(spec, &document, file, err);
    if (r >= 0 && use)
        r = spec_check_use(spec, use, &by_hand, err);
    if (r < 0)
        return r;
    *ret = take_pointer(spec);
    return 0;
}

int spec_parse(const char *app, const char *text, const char *name, struct spec **ret, struct error *err) {
    _cleanup_document_ struct document document = DOCUMENT_NULL;
    _cleanup_spec_ struct spec *spec = NULL;
    int r = new_spec(app, &spec, err);

    if (r >= 0)
        r = document_read(&document, text, strlen(text), name, "", err);
    if (r >= 0)
        r = spec_build(spec, &document, 0, err);
    if (r >= 0)
        r = finish(spec, &document, name, err);
    if (r < 0)
        return r;
    *ret = take_pointer(spec);
    return 0;
}
