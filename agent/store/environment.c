/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/environment.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "store/store.h"

static bool key_character(char c, bool first) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (!first && c >= '0' && c <= '9');
}

static bool key_is_ours(const char *key, size_t len) {
    return (len == 4 && (strncmp(key, "PORT", 4) == 0 || strncmp(key, "HOST", 4) == 0)) ||
           (len >= 8 && strncmp(key, "ROLLOUT_", 8) == 0);
}

int env_pair_check(const char *pair, struct error *err) {
    char safe[80];
    size_t len = strlen(pair), key_len = 0;
    (void)text_escape(safe, sizeof(safe), pair, len);
    if (len > ENV_PAIR_MAX)
        return error_set(err, -EINVAL, "environment \"%s\": %zu bytes, expected at most %d", safe, len, ENV_PAIR_MAX);
    while (key_character(pair[key_len], key_len == 0))
        key_len++;
    if (key_len == 0 || pair[key_len] != '=')
        return error_set(err, -EINVAL, "environment \"%s\": expected KEY=value, a key of letters, digits and _", safe);
    if (key_is_ours(pair, key_len))
        return error_set(err, -EINVAL, "environment \"%s\": PORT, HOST and ROLLOUT_* are set by rollout itself", safe);
    if (!utf8_valid(pair, len))
        return error_set(err, -EINVAL, "environment \"%s\": the value is not UTF-8", safe);
    for (const char *c = pair + key_len + 1; *c; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7F)
            return error_set(err, -EINVAL, "environment \"%s\": a value is one line without control characters", safe);
    return 0;
}

static void put_quoted(struct buffer *text, const char *value) {
    (void)buffer_puts(text, "\"");
    for (size_t plain; *value; value += plain) {
        plain = strcspn(value, "\"\\$`");
        (void)buffer_append(text, value, plain);
        if (value[plain])
            (void)buffer_printf(text, "\\%c", value[plain++]);
    }
    (void)buffer_puts(text, "\"\n");
}

void environment_put(struct buffer *text, const char *key, const char *value) {
    (void)buffer_printf(text, "%s=", key);
    put_quoted(text, value);
}

void environment_put_pair(struct buffer *text, const char *pair) {
    const char *value = strchrnul(pair, '=') + 1;
    (void)buffer_append(text, pair, (size_t)(value - pair));
    put_quoted(text, value);
}

/* The value of one of our own lines; an address has nothing that is escaped. */
static int find_value(const char *text, const char *key, char *ret, size_t size) {
    size_t key_len = strlen(key);
    for (const char *line = text; *line; line = strchrnul(line, '\n'), line += *line == '\n') {
        if (strncmp(line, key, key_len) != 0 || line[key_len] != '=' || line[key_len + 1] != '"')
            continue;
        const char *value = line + key_len + 2;
        size_t len = strcspn(value, "\"\\\n");
        if (value[len] != '"' || len >= size)
            return -ENOENT;
        memcpy(ret, value, len);
        ret[len] = '\0';
        return 0;
    }
    return -ENOENT;
}

int environment_endpoint(const char *text, struct endpoint *ret) {
    struct endpoint found = {0};
    char port[8], *end;
    if (find_value(text, "HOST", found.host, sizeof(found.host)) < 0 ||
        find_value(text, "PORT", port, sizeof(port)) < 0)
        return -ENOENT;
    unsigned long number = strtoul(port, &end, 10);
    if (*end || end == port || number == 0 || number > UINT16_MAX)
        return -ENOENT;
    found.port = (uint16_t)number;
    *ret = found;
    return 0;
}
