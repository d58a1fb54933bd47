/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What two apps of one host may not share: they would start and stop, and weigh, each other's instances. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "spec/place.h"
#include "spec/spec.h"

#define SUFFIX ".conf"

static bool same_balancer(const struct haproxy_spec *a, const struct haproxy_spec *b) {
    for (uint32_t i = 0; i < a->n_sockets; i++)
        for (uint32_t k = 0; k < b->n_sockets; k++)
            if (strcmp(a->sockets[i], b->sockets[k]) == 0)
                return true;
    return false;
}

static bool has_backend(const struct haproxy_spec *haproxy, const char *backend) {
    for (uint32_t i = 0; i < haproxy->n_backends; i++)
        if (strcmp(haproxy->backends[i], backend) == 0)
            return true;
    return *backend && strcmp(haproxy->preview_backend, backend) == 0;
}

static const char *shared_backend(const struct haproxy_spec *a, const struct haproxy_spec *b) {
    if (!same_balancer(a, b))
        return NULL;
    for (uint32_t i = 0; i < a->n_backends; i++)
        if (has_backend(b, a->backends[i]))
            return a->backends[i];
    return has_backend(b, a->preview_backend) ? a->preview_backend : NULL;
}

static int check_pair(const struct spec *spec, const struct spec *other, const char *folder, struct error *err) {
    char file[PATH_MAX];
    const char *backend = shared_backend(&spec->haproxy, &other->haproxy);
    (void)snprintf(file, sizeof file, "%s/%s" SUFFIX, folder, spec->app);
    if (strcmp(spec->unit, other->unit) == 0)
        return error_at(err, file, 0, "Unit=%s is that of app %s too (%s/%s" SUFFIX "), expected a template of its own",
                        spec->unit, other->app, folder, other->app);
    if (backend)
        return error_at(err, file, 0,
                        "Backend=%s is that of app %s too (%s/%s" SUFFIX "), expected a backend of its own", backend,
                        other->app, folder, other->app);
    return 0;
}

static int only_conf(const struct dirent *entry) {
    size_t len = strlen(entry->d_name), suffix = strlen(SUFFIX);
    return len > suffix && strcmp(entry->d_name + len - suffix, SUFFIX) == 0;
}

int spec_check_others(const struct spec *spec, const struct spec_paths *paths, struct error *err) {
    const char *folder = paths && paths->etc ? paths->etc : ROLLOUT_CONF_DIR;
    struct dirent **entries = NULL;
    int r = 0, n = scandir(folder, &entries, only_conf, alphasort);
    for (int i = 0; i < n; i++) {
        struct spec *other = NULL;
        entries[i]->d_name[strlen(entries[i]->d_name) - strlen(SUFFIX)] = '\0';
        /* One that can't be read has no agent that could do harm, or one that says so. */
        if (r >= 0 && strcmp(entries[i]->d_name, spec->app) != 0 &&
            spec_load(entries[i]->d_name, paths, &other, NULL) >= 0)
            r = check_pair(spec, other, folder, err);
        (void)spec_free(other);
        free(entries[i]);
    }
    free(entries);
    return r;
}
