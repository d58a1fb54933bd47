/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/address.h"

#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include "common/text.h"

#define PORT_DIGITS_MAX 5

static int unix_address(const char *path, struct address *ret, struct error *err) {
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    if (string_copy(local.sun_path, sizeof local.sun_path, path) < 0)
        return error_set(err, -ENAMETOOLONG, "the path %s has %zu bytes, expected at most %zu for a socket",
                         SHOWN(path), strlen(path), sizeof local.sun_path - 1);
    struct address address = {.len = sizeof local};
    memcpy(&address.storage, &local, sizeof local);
    *ret = address;
    return 0;
}

static bool port_valid(const char *port) {
    uint32_t number = 0;
    return strlen(port) <= PORT_DIGITS_MAX && text_to_u32(port, &number) && number > 0 && number <= UINT16_MAX;
}

int address_parse(const char *text, struct address *ret, struct error *err) {
    if (*text == '/')
        return unix_address(text, ret, err);

    char host[64] = "";
    const char *colon = strrchr(text, ':');
    const char *start = text;
    size_t len = colon ? (size_t)(colon - text) : 0;
    if (len >= 2 && *start == '[' && start[len - 1] == ']') {
        start++;
        len -= 2;
    }
    if (len > 0 && len < sizeof host)
        memcpy(host, start, len);

    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found = NULL;
    if (!*host || !port_valid(colon + 1) ||
        getaddrinfo(strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, colon + 1, &hints, &found) != 0)
        return error_set(err, -EINVAL,
                         "\"%s\" is no socket, expected a path, or a numeric address and port as 10.0.0.2:9999 or "
                         "[::1]:9999: host names are not looked up",
                         SHOWN(text));
    struct address address = {.len = found->ai_addrlen};
    memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    *ret = address;
    return 0;
}
