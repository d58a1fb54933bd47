/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/haproxy-info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "Name: number"; -ENOENT when there is none. */
static int read_number(const char *info, const char *name, uint64_t *ret) {
    size_t len = strlen(name);
    for (const char *line = info; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) != 0 || line[len] != ':')
            continue;
        const char *value = line + len + 1;
        char *end;
        errno = 0;
        uint64_t number = strtoull(value + strspn(value, " "), &end, 10);
        if (end == value || (*end && *end != '\n') || errno != 0)
            return -EPROTO;
        *ret = number;
        return 0;
    }
    return -ENOENT;
}

int haproxy_info_read(const char *reply, struct haproxy_info *ret, struct error *err) {
    uint64_t pid, start, uptime = 0, stopping = 0;
    if (read_number(reply, "Pid", &pid) < 0 || read_number(reply, "Start_time_sec", &start) < 0 || pid == 0 ||
        pid > INT32_MAX)
        return error_set(err, -EPROTO, "\"" HAPROXY_SHOW_INFO "\" was not answered as HAProxy does");
    (void)read_number(reply, "Uptime_sec", &uptime);
    (void)read_number(reply, "Stopping", &stopping);
    *ret = (struct haproxy_info){.pid = (pid_t)pid,
                                 .epoch = start << 32 | pid,
                                 .uptime = (usec_t)(uptime < UINT32_MAX ? uptime : UINT32_MAX) * USEC_PER_SEC,
                                 .stopping = stopping != 0};
    return 0;
}
