/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk whose n-th call fails, or is the process's last, and that knows which folders a power cut would take. For one
 * program that is linked with --wrap of each call below. */
#ifndef ROLLOUT_TEST_FAILING_DISK_H
#define ROLLOUT_TEST_FAILING_DISK_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"

static unsigned calls, fail_at; /* the fail_at-th call fails (0: none), or ends the process */
static int fail_with;           /* errno; 0: end the process */

static bool fails(void) {
    if (++calls != fail_at)
        return false;
    if (fail_with == 0)
        _exit(9);
    errno = fail_with;
    return true;
}

/* The folders in which something was made or renamed since they were synced: what a power cut would take. Shared with
 * processes that are killed. */
struct unsynced {
    size_t n;
    unsigned syncs; /* so far */
    ino_t folders[64];
};
static struct unsynced *unsynced;

static int changed(int r, int fd) {
    struct stat folder_of_it;
    if (r < 0 || fstat(fd, &folder_of_it) < 0)
        return r;
    for (size_t i = 0; i < unsynced->n; i++)
        if (unsynced->folders[i] == folder_of_it.st_ino)
            return r;
    if (unsynced->n == ELEMENTS(unsynced->folders))
        _exit(10);
    unsynced->folders[unsynced->n++] = folder_of_it.st_ino;
    return r;
}

static int synced(int r, int fd) {
    struct stat found;
    unsynced->syncs++;
    if (r == 0 && fstat(fd, &found) == 0)
        for (size_t i = unsynced->n; i-- > 0;)
            if (unsynced->folders[i] == found.st_ino)
                unsynced->folders[i] = unsynced->folders[--unsynced->n];
    return r;
}

static int made_in_folder(int r, const char *path) {
    char above[PATH_MAX];
    (void)snprintf(above, sizeof(above), "%s/..", path);
    _cleanup_close_ int fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? r : changed(r, fd);
}

/* Linked in place of the real ones, by --wrap. */
#define DISK_CALL(type, name, parameters, arguments, noted) \
    type __real_##name parameters;                          \
    type __wrap_##name parameters;                          \
    type __wrap_##name parameters {                         \
        if (fails())                                        \
            return -1;                                      \
        type r = __real_##name arguments;                   \
        return noted;                                       \
    }
DISK_CALL(ssize_t, write, (int fd, const void *data, size_t len), (fd, data, len), r)
DISK_CALL(int, fsync, (int fd), (fd), synced(r, fd))
DISK_CALL(int, fchmod, (int fd, mode_t mode), (fd, mode), r)
DISK_CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), made_in_folder(r, path))
DISK_CALL(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags), r)
DISK_CALL(int, symlinkat, (const char *target, int fd, const char *path), (target, fd, path), changed(r, fd))
DISK_CALL(int, renameat, (int fd, const char *path, int to, const char *path_to), (fd, path, to, path_to),
          changed(r, to))

#endif
