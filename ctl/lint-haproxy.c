/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where lint looks at HAProxy: its runtime sockets, or its configuration in a file. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "ctl/lint.h"
#include "traffic/haproxy-names.h"

#define CONFIG_MAX ((size_t)16 << 20)
#define STATE_MAX ((size_t)1 << 20)
#define GROUPS_MAX 64
#define AGENT_USER "rollout"
#define AGENT_GROUP "haproxy" /* that its unit gives it */

struct remembered {
    char *texts[BACKENDS_SEEN_MAX];
};

static void remembered_done(struct remembered *remembered) {
    for (size_t i = 0; i < BACKENDS_SEEN_MAX; i++)
        free(remembered->texts[i]);
}

static void remembered_read(const struct spec *spec, struct remembered *ret) {
    for (uint32_t i = 0; i < BACKENDS_SEEN_MAX; i++) {
        const char *backend = i < spec->haproxy.n_backends    ? spec->haproxy.backends[i]
                              : i == spec->haproxy.n_backends ? spec->haproxy.preview_backend
                                                              : "";
        char path[PATH_MAX];
        (void)snprintf(path, sizeof path, "%s/%s/haproxy/%s.state", ROLLOUT_STATE_DIR, spec->app, backend);
        if (*backend)
            (void)file_read(path, STATE_MAX, &ret->texts[i], NULL, NULL); /* none, or not for us: nothing to compare */
    }
}

static void check(const struct spec *spec, const struct haproxy_facts *facts, enum says_ready says_ready,
                  struct findings *findings) {
    _cleanup_(remembered_done) struct remembered remembered = {0};
    remembered_read(spec, &remembered);
    haproxy_traps(spec, facts, says_ready, (const char *const *)remembered.texts, findings);
}

/* ---------------------------------------------------------------- as it runs */

static bool in_group(gid_t group, const struct passwd *user) {
    gid_t groups[GROUPS_MAX];
    int n = GROUPS_MAX;
    const struct group *given = getgrnam(AGENT_GROUP);
    if (given && given->gr_gid == group)
        return true;
    if (getgrouplist(user->pw_name, user->pw_gid, groups, &n) < 0)
        return true; /* more than anybody has: not known */
    for (int i = 0; i < n; i++)
        if (groups[i] == group)
            return true;
    return false;
}

/* Root gets in everywhere; it is the agent that has to. */
static void check_permission(const char *socket, struct findings *findings) {
    struct stat found;
    const struct passwd *user = getpwnam(AGENT_USER);
    if (*socket != '/' || !user || stat(socket, &found) < 0)
        return;
    bool may = user->pw_uid == found.st_uid   ? found.st_mode & S_IWUSR
               : in_group(found.st_gid, user) ? found.st_mode & S_IWGRP
                                              : found.st_mode & S_IWOTH;
    if (!may)
        findings_add(findings, SEVERITY_ERROR, socket,
                     "no permission for the agent (user " AGENT_USER ", group " AGENT_GROUP
                     "): expected `stats socket %s mode "
                     "660 group " AGENT_GROUP " level admin` in haproxy.cfg",
                     socket);
}

static void check_socket(const struct spec *spec, const char *socket, enum says_ready says_ready,
                         struct findings *findings) {
    _cleanup_haproxy_facts_ struct haproxy_facts facts = {0};
    struct error err = {0};
    char level[16];
    if (haproxy_facts_ask(spec, socket, &facts, level, &err) < 0) {
        findings_add(findings, SEVERITY_ERROR, socket, "%s", err.text);
        return;
    }
    check_permission(socket, findings);
    if (strcmp(level, "admin") != 0)
        findings_add(findings, SEVERITY_ERROR, socket,
                     "level %s may set no weights: expected `level admin` behind its `stats socket` in haproxy.cfg",
                     *level ? level : "not known");
    if (strcmp(level, "user") != 0) /* which is told too little to judge */
        check(spec, &facts, says_ready, findings);
}

void lint_haproxy(const struct spec *spec, enum says_ready says_ready, struct findings *findings) {
    for (uint32_t i = 0; i < spec->haproxy.n_sockets; i++)
        check_socket(spec, spec->haproxy.sockets[i], says_ready, findings);
}

/* ---------------------------------------------------------------- as it is written */

void lint_haproxy_file(const struct spec *spec, const char *file, enum says_ready says_ready,
                       struct findings *findings) {
    _cleanup_haproxy_config_ struct haproxy_config *config = NULL;
    _cleanup_haproxy_facts_ struct haproxy_facts facts = {0};
    _cleanup_free_ char *text = NULL;
    struct error err = {0};
    size_t len;
    int r = file_read(file, CONFIG_MAX, &text, &len, &err);
    if (r >= 0)
        r = haproxy_config_read(text, len, file, &config, &err);
    if (r >= 0 && haproxy_facts_from_config(config, file, &facts) < 0)
        r = error_set(&err, -ENOMEM, "out of memory while reading %s", file);
    if (r >= 0)
        haproxy_facts_routes(config, spec->haproxy.route_map, &facts);
    if (r < 0)
        findings_add_text(findings, err.text);
    else
        check(spec, &facts, says_ready, findings);
}
