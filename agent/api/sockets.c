/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/sockets.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"

static int failed(struct error *err, const char *tried, const char *path) {
    int code = -errno;
    return error_set(err, code, "cannot %s %s: %s", tried, path, strerror(-code));
}

int socket_listen(const char *path, mode_t mode, struct error *err) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (string_copy(address.sun_path, sizeof(address.sun_path), path) < 0)
        return error_set(err, -ENAMETOOLONG, "cannot listen at %s: the path is too long", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return failed(err, "make a socket for", path);

    /* Nobody comes in between bind and chmod: the umask leaves nothing open. */
    mode_t mask = umask(0777);
    int r = unlink(path) < 0 && errno != ENOENT ? failed(err, "remove the old", path) : 0;
    if (r == 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        r = failed(err, "bind", path);
    (void)umask(mask);
    if (r == 0 && chmod(path, mode) < 0)
        r = failed(err, "set the mode of", path);
    if (r == 0 && listen(fd, SOMAXCONN) < 0)
        r = failed(err, "listen at", path);
    if (r < 0)
        (void)close(fd);
    return r < 0 ? r : fd;
}

static uint32_t login_uid(pid_t pid) {
    char path[64], text[16] = "";
    (void)snprintf(path, sizeof(path), "/proc/%d/loginuid", (int)pid);
    _cleanup_fclose_ FILE *file = fopen(path, "re");
    if (!file || !fgets(text, sizeof(text), file))
        return UINT32_MAX;
    char *end;
    unsigned long uid = strtoul(text, &end, 10);
    return end == text || uid > UINT32_MAX ? UINT32_MAX : (uint32_t)uid; /* "4294967295": not logged in */
}

void socket_peer(int fd, uint32_t *ret_uid, uint32_t *ret_login_uid) {
    struct ucred peer;
    socklen_t len = sizeof(peer);
    bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0;
    *ret_uid = known ? (uint32_t)peer.uid : UINT32_MAX;
    *ret_login_uid = known && peer.pid > 0 ? login_uid(peer.pid) : UINT32_MAX;
}
