/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/journal.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/text.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define ENTRY_MAX ((size_t)64 * 1024)
#define PATIENCE_MSEC 20

bool journal_is_stream(int fd) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat found;
    if (!stream || fstat(fd, &found) < 0)
        return false;
    char own[64];
    (void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)found.st_dev, (uintmax_t)found.st_ino);
    return strcmp(own, stream) == 0;
}

/* KEY=value, or for a value of several lines KEY, its length (64 bits, little endian) and its bytes. */
static void append_field(struct buffer *entry, const char *field) {
    const char *equals = strchr(field, '=');
    if (!equals)
        return;
    if (!strchr(equals, '\n')) {
        (void)buffer_puts(entry, field);
    } else {
        const char *value = equals + 1;
        size_t len = strlen(value);
        unsigned char wire_len[8];
        for (unsigned i = 0; i < sizeof(wire_len); i++)
            wire_len[i] = (unsigned char)((uint64_t)len >> (8 * i));
        (void)buffer_append(entry, field, (size_t)(equals - field));
        (void)buffer_puts(entry, "\n");
        (void)buffer_append(entry, wire_len, sizeof(wire_len));
        (void)buffer_append(entry, value, len);
    }
    (void)buffer_puts(entry, "\n");
}

int journal_send(const char *path, const char *const *fields, size_t n_fields) {
    _cleanup_buffer_ struct buffer entry = BUFFER(ENTRY_MAX);
    for (size_t i = 0; i < n_fields; i++)
        append_field(&entry, fields[i]);
    if (entry.error < 0)
        return entry.error == -ENOBUFS ? -EMSGSIZE : entry.error;

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (string_copy(address.sun_path, sizeof(address.sun_path), path ? path : JOURNAL_SOCKET) < 0)
        return -ENAMETOOLONG;

    /* A socket for each entry: entries are few, and a restarted journal needs no special path. */
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;

    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    if (poll(&writable, 1, PATIENCE_MSEC) == 0)
        return -EAGAIN;
    return send(fd, entry.data, entry.len, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
