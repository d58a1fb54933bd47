/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/haproxy-elders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "traffic/tcp-count.h"

/* The numbers behind "PPid:" and "Uid:" in /proc/PID/status; -EINVAL when the process isn't called haproxy. */
static int read_status(const char *proc, pid_t pid, pid_t *ret_parent, uint32_t *ret_uid) {
    char path[256], line[256];
    (void)snprintf(path, sizeof path, "%s/%d/status", proc, (int)pid);
    _cleanup_fclose_ FILE *file = fopen(path, "re");
    if (!file)
        return -errno;

    bool named = false;
    long parent = -1, uid = -1;
    while (fgets(line, sizeof line, file)) {
        if (strcmp(line, "Name:\thaproxy\n") == 0)
            named = true;
        else if (strncmp(line, "PPid:\t", 6) == 0)
            parent = strtol(line + 6, NULL, 10);
        else if (strncmp(line, "Uid:\t", 5) == 0) /* real, then effective */
            uid = strtol(line + 5, NULL, 10);
    }
    if (!named || parent < 0 || uid < 0)
        return -EINVAL;
    *ret_parent = (pid_t)parent;
    *ret_uid = (uint32_t)uid;
    return 0;
}

enum elders haproxy_elders(const char *proc, pid_t worker, uint32_t *ret_uid) {
    if (!proc)
        proc = "/proc";
    *ret_uid = UID_ANY;
    pid_t parent;
    uint32_t uid;
    if (read_status(proc, worker, &parent, &uid) < 0)
        return ELDERS_UNKNOWN;
    *ret_uid = uid;

    char path[256];
    (void)snprintf(path, sizeof path, "%s/%d/task/%d/children", proc, (int)parent, (int)parent);
    _cleanup_fclose_ FILE *file = fopen(path, "re");
    if (!file)
        return ELDERS_UNKNOWN;

    char children[4096], *at = children;
    children[fread(children, 1, sizeof children - 1, file)] = '\0';
    bool found = false;
    for (long child; (child = strtol(at, &at, 10)) > 0;) {
        pid_t child_parent;
        uint32_t child_uid;
        if (child == worker)
            found = true;
        else if (read_status(proc, (pid_t)child, &child_parent, &child_uid) != -EINVAL)
            return ELDERS_ALIVE; /* hidden ones count too */
    }
    return found ? ELDERS_NONE : ELDERS_UNKNOWN;
}

enum elders haproxy_elders_told(const char *reply) {
    if (!strstr(reply, "# workers\n"))
        return ELDERS_UNKNOWN;
    const char *old = strstr(reply, "# old workers\n");
    if (!old)
        return ELDERS_NONE;
    char next = old[strlen("# old workers\n")];
    return next >= '0' && next <= '9' ? ELDERS_ALIVE : ELDERS_NONE;
}
