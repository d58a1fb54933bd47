/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/files.h"

/* Each level holds one descriptor open. */
#define DEPTH_MAX 64

static void close_dir(DIR **dir) {
    if (*dir)
        (void)closedir(*dir);
}

static int remove_at(int parent, const char *name, unsigned depth) {
    /* What is no folder goes at once, a link to a folder among it. */
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    int refusal = -errno;
    if (depth == DEPTH_MAX)
        return -ELOOP;

    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOTDIR || errno == ELOOP ? refusal : -errno;
    _cleanup_(close_dir) DIR *dir = fdopendir(fd);
    if (!dir) {
        int r = -errno;
        (void)close(fd);
        return r;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry && errno != 0)
            return -errno;
        if (!entry)
            break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int r = remove_at(fd, entry->d_name, depth + 1);
        if (r < 0)
            return r;
    }
    return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

int remove_tree(const char *path, struct error *err) {
    int r = remove_at(AT_FDCWD, path, 0);
    return r < 0 ? error_set(err, r, "cannot remove %s: %s", path, strerror(-r)) : 0;
}
