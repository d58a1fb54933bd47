/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/text.h"

static int failed(struct error *err, const char *tried, const char *path) {
    int code = -errno;
    return error_set(err, code, "cannot %s %s: %s", tried, path, strerror(-code));
}

/* Where a path's file lives, and the name beside it under which its next content is made. */
struct place {
    const char *path;
    int folder; /* open */
    char name[NAME_MAX + 1];
    char next[NAME_MAX + 1];
};

static void place_close(struct place *place) {
    cleanup_close(&place->folder);
}

#define _cleanup_place_ _cleanup_(place_close)
#define PLACE(of) ((struct place){.path = (of), .folder = -1})

static int place_open(struct place *place, struct error *err) {
    const char *slash = strrchr(place->path, '/');
    const char *name = slash ? slash + 1 : place->path;
    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return error_set(err, -EINVAL, "\"%s\" does not name a file", place->path);

    char folder[PATH_MAX] = ".";
    if (slash && string_copy(folder, sizeof(folder), place->path) == 0)
        folder[slash == place->path ? 1 : slash - place->path] = '\0';
    if (strlen(place->path) >= PATH_MAX || string_copy(place->name, sizeof(place->name), name) < 0 ||
        snprintf(place->next, sizeof(place->next), ".%s.new", name) >= (int)sizeof(place->next))
        return error_set(err, -ENAMETOOLONG, "the name %s is too long", place->path);

    place->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return place->folder < 0 ? failed(err, "open the folder", folder) : 0;
}

static int place_sync(const struct place *place, struct error *err) {
    return fsync(place->folder) < 0 ? failed(err, "make durable the folder of", place->path) : 0;
}

static int write_all(int fd, const char *data, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int write_next(const struct place *place, const void *data, size_t len, mode_t mode, struct error *err) {
    if (unlinkat(place->folder, place->next, 0) < 0 && errno != ENOENT && errno != EROFS)
        return failed(err, "remove an unfinished copy of", place->path);
    int fd = openat(place->folder, place->next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return failed(err, "create a new", place->path);

    int r = 0;
    if (write_all(fd, data, len) < 0)
        r = failed(err, "write", place->path);
    else if (fchmod(fd, mode) < 0)
        r = failed(err, "set the mode of", place->path);
    else if (fsync(fd) < 0)
        r = failed(err, "make durable", place->path);
    if (close(fd) < 0 && r == 0)
        r = failed(err, "close", place->path);
    return r;
}

/* Puts the next content where the file is; unless that works, nothing of it is left. */
static int place_replace(const struct place *place, int made, struct error *err) {
    if (made == 0 && renameat(place->folder, place->next, place->folder, place->name) < 0)
        made = failed(err, "put in place the new", place->path);
    if (made < 0) {
        (void)unlinkat(place->folder, place->next, 0);
        return made;
    }
    return place_sync(place, err);
}

int file_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct error *err) {
    _cleanup_place_ struct place place = PLACE(path);
    int r = place_open(&place, err);
    if (r < 0)
        return r;
    return place_replace(&place, write_next(&place, data, len, mode, err), err);
}

int symlink_swap(const char *target, const char *path, struct error *err) {
    _cleanup_place_ struct place place = PLACE(path);
    int r = place_open(&place, err);
    if (r < 0)
        return r;
    if (unlinkat(place.folder, place.next, 0) < 0 && errno != ENOENT && errno != EROFS)
        return failed(err, "remove an unfinished copy of", path);
    if (symlinkat(target, place.folder, place.next) < 0)
        r = failed(err, "make the link", path);
    return place_replace(&place, r, err);
}

int file_read(const char *path, size_t max, char **ret_data, size_t *ret_len, struct error *err) {
    /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return failed(err, "open", path);

    struct stat found;
    if (fstat(fd, &found) < 0)
        return failed(err, "look at", path);
    if (!S_ISREG(found.st_mode))
        return error_set(err, S_ISDIR(found.st_mode) ? -EISDIR : -EINVAL, "cannot read %s: it is %s, expected a file",
                         path, S_ISDIR(found.st_mode) ? "a folder" : "no regular file");

    _cleanup_buffer_ struct buffer content = BUFFER(max);
    for (;;) {
        char chunk[16 * 1024];
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(err, "read", path);
        int r = n == 0 ? buffer_take(&content, ret_data, ret_len) : buffer_append(&content, chunk, (size_t)n);
        if (r == -ENOBUFS)
            return error_set(err, -EFBIG, "cannot read %s: it is larger than %zu bytes", path, max);
        if (r < 0)
            return error_set(err, r, "cannot read %s: no memory", path);
        if (n == 0)
            return 0;
    }
}

int make_dir(const char *path, mode_t mode, struct error *err) {
    bool durable = false;
    return make_dir_again(path, mode, &durable, err);
}

int make_dir_again(const char *path, mode_t mode, bool *durable, struct error *err) {
    if (mkdir(path, mode) == 0)
        *durable = false;
    else if (errno != EEXIST)
        return failed(err, "make the folder", path);

    _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return failed(err, "open the folder", path);
    struct stat found;
    if (fstat(fd, &found) < 0)
        return failed(err, "look at", path);
    if ((found.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
        return failed(err, "set the mode of", path);
    if (*durable)
        return 0;

    /* Also one that is there already: who made it may have failed here, or died. */
    _cleanup_place_ struct place place = PLACE(path);
    int r = place_open(&place, err);
    if (r == 0)
        r = place_sync(&place, err);
    *durable = r == 0;
    return r;
}

int sync_dir(const char *path, struct error *err) {
    _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed(err, "open the folder", path);
    return fsync(fd) < 0 ? failed(err, "make durable", path) : 0;
}
