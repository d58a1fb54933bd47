/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/names.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/string-table.h"
#include "spec/spec.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define ALNUM LOWER UPPER DIGITS

DEFINE_STRING_TABLE(strategy, enum strategy, [STRATEGY_CANARY] = "canary", [STRATEGY_BLUE_GREEN] = "blueGreen")
DEFINE_STRING_TABLE(
    on_supersede,
    enum on_supersede, [SUPERSEDE_REPLACE] = "replace", [SUPERSEDE_QUEUE] = "queue", [SUPERSEDE_REJECT] = "reject")

/* FIRST, then any number of REST, at most max bytes. */
static bool matches(const char *name, const char *first, const char *rest, size_t max) {
    size_t len = strlen(name);

    return len > 0 && len <= max && strchr(first, name[0]) && strspn(name, rest) == len;
}

bool app_name_valid(const char *name) {
    return matches(name, LOWER DIGITS, LOWER DIGITS "-", APP_NAME_MAX - 1);
}

bool version_valid(const char *version) {
    return matches(version, ALNUM, ALNUM "._+:~-", VERSION_TEXT_MAX - 1);
}

bool item_name_valid(const char *name) {
    return matches(name, ALNUM, ALNUM "._-", METRIC_NAME_MAX - 1);
}

bool unit_template_valid(const char *unit) {
    size_t prefix = strspn(unit, ALNUM ":-_.\\");

    return prefix > 0 && strcmp(unit + prefix, "@.service") == 0 && strlen(unit) < UNIT_NAME_MAX;
}

bool balancer_name_valid(const char *name) {
    return matches(name, ALNUM "-_.:", ALNUM "-_.:", SIZE_MAX);
}

bool specifiers_valid(const char *pattern, const char *allowed) {
    for (const char *at = strchr(pattern, '%'); at; at = strchr(at + 2, '%'))
        if (at[1] == '\0' || (at[1] != '%' && !strchr(allowed, at[1])))
            return false;
    return true;
}

int template_instance(const char *template, const char *instance, char *ret, size_t size) {
    const char *at = strchr(template, '@');
    int len = at ? snprintf(NULL, 0, "%s%s", template, instance) : -1;

    if (len < 0)
        return -EINVAL;
    if ((size_t)len >= size)
        return -ENOSPC;
    (void)snprintf(ret, size, "%.*s%s%s", (int)(at + 1 - template), template, instance, at + 1);
    return 0;
}

int spec_instance_unit(const struct spec *spec, const char *instance, char *ret, size_t size) {
    return template_instance(spec->unit, instance, ret, size);
}

/* What a specifier of Server= stands for; buffer has room for a host name. */
static const char *server_specifier(char letter, const char *host, const char *color, uint32_t number, char *buffer,
                                    size_t size) {
    switch (letter) {
    case 'c':
        return color;
    case 'n':
        (void)snprintf(buffer, size, "%u", number);
        return buffer;
    case 'H':
        if (host)
            return host;
        if (gethostname(buffer, size) < 0)
            return NULL;
        buffer[size - 1] = '\0';
        return buffer;
    default:
        return "%";
    }
}

/* HOST is this one's where it is NULL. */
static int server_name_at(const char *pattern, const char *host, const char *color, uint32_t number, char *ret,
                          size_t size) {
    char name[SERVER_NAME_MAX * 2] = "", buffer[SERVER_NAME_MAX + 1];
    size_t len = 0;

    for (const char *at = pattern; *at != '\0'; at++) {
        const char *part = (const char[]){*at, '\0'};
        if (*at == '%')
            part = server_specifier(*++at, host, color, number, buffer, sizeof buffer);
        if (!part)
            return -errno;
        len += (size_t)snprintf(name + len, sizeof name - len, "%s", part);
        if (len >= size || len >= sizeof name)
            return -ENOSPC;
    }
    memcpy(ret, name, len + 1);
    return 0;
}

int server_name(const char *pattern, const char *color, uint32_t number, char *ret, size_t size) {
    return server_name_at(pattern, NULL, color, number, ret, size);
}

bool haproxy_spec_same_names(const struct haproxy_spec *a, const struct haproxy_spec *b) {
    bool same = a->n_backends == b->n_backends && strcmp(a->server, b->server) == 0;
    for (uint32_t i = 0; same && i < a->n_backends; i++)
        same = strcmp(a->backends[i], b->backends[i]) == 0;
    return same;
}

int spec_server_name(const struct spec *spec, const char *color, uint32_t number, char *ret, size_t size) {
    return server_name(spec->haproxy.server, color, number, ret, size);
}

bool spec_server_matches(const struct spec *spec, const char *color, uint32_t number, const char *server) {
    char pattern[SERVER_NAME_MAX];
    /* No server of HAProxy has a character in its name that means something in a pattern. */
    return server_name_at(spec->haproxy.server, "*", color, number, pattern, sizeof pattern) == 0 &&
           fnmatch(pattern, server, 0) == 0;
}
