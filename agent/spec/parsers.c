/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/parsers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/timespan.h"
#include "spec/place.h"
#include "spec/spec.h"

#define DIGITS "0123456789"
#define PATH_BYTES DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:/@+"

VALUE_PARSER(to_bool) {
    bool yes = strcmp(entry->value, "yes") == 0;

    if (!yes && strcmp(entry->value, "no") != 0)
        return error_set(err, -EINVAL, "\"%s\" is neither, expected yes or no", SHOWN(entry->value));
    *(bool *)field = yes;
    return 0;
}

VALUE_PARSER(to_span) {
    usec_t span = 0;
    int r = timespan_parse(SHOWN(entry->value), &span, err);

    if (r < 0)
        return r;
    if (span == USEC_INFINITY) {
        if (!row->infinity)
            return error_set(err, -EINVAL, "infinity has no meaning here, expected a time span");
    } else if (span < row->min || (row->max > 0 && span > row->max))
        return error_set(err, -EINVAL, "%s is out of range, expected %s to %s", SHOWN(entry->value),
                         FORMAT_TIMESPAN(row->min), FORMAT_TIMESPAN(row->max > 0 ? row->max : USEC_INFINITY));
    *(usec_t *)field = span;
    return 0;
}

VALUE_PARSER(to_count) {
    size_t len = strspn(entry->value, DIGITS);
    int64_t number = 0;

    for (size_t i = 0; i < len && number <= row->max; i++)
        number = number * 10 + (entry->value[i] - '0');
    if (len == 0 || entry->value[len] != '\0' || number < row->min || number > row->max)
        return error_set(err, -EINVAL, "\"%s\" is no such number, expected %" PRId64 " to %" PRId64,
                         SHOWN(entry->value), row->min, row->max);
    *(uint32_t *)field = (uint32_t)number;
    return 0;
}

static int unknown_word(const struct key_row *row, const char *word, struct error *err) {
    size_t n;
    const char *const *words = row->words(&n);

    return error_set(err, -EINVAL, "unknown \"%s\", expected %s%s", SHOWN(word), ONE_OF(words, n),
                     DID_YOU_MEAN(word, words, n));
}

VALUE_PARSER(to_word) {
    size_t n;
    const char *const *words = row->words(&n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(entry->value, words[i]) == 0) {
            *(unsigned *)field = (unsigned)i;
            return 0;
        }
    return unknown_word(row, entry->value, err);
}

VALUE_PARSER(to_words) {
    char word[64];
    size_t n, len;
    const char *const *words = row->words(&n);

    for (const char *at = entry->value; *at != '\0'; at += len, at += strspn(at, " \t")) {
        len = strcspn(at, " \t");
        (void)string_copy(word, len + 1 < sizeof word ? len + 1 : sizeof word, at);
        if (!str_in_set(word, words, n))
            return unknown_word(row, word, err);
    }
    return 0;
}

VALUE_PARSER(to_string) {
    char *copy = strdup(entry->value);

    if (!copy)
        return error_set(err, -ENOMEM, "out of memory");
    free(*(char **)field);
    *(char **)field = copy;
    return 0;
}

/* row->max is the size of the field. */
static int copy_text(const struct key_row *row, const struct document_entry *entry, char *field, struct error *err) {
    if ((int64_t)strlen(entry->value) >= row->max)
        return error_set(err, -EINVAL, "%zu characters, expected at most %" PRId64, strlen(entry->value), row->max - 1);
    return string_copy(field, (size_t)row->max, entry->value);
}

VALUE_PARSER(to_name) {
    if (*entry->value && !balancer_name_valid(entry->value))
        return error_set(err, -EINVAL, "bad name \"%s\", expected letters, digits, - _ . :", SHOWN(entry->value));
    return copy_text(row, entry, field, err);
}

VALUE_PARSER(to_path) {
    if (entry->value[0] != '/')
        return error_set(err, -EINVAL, "\"%s\" is no absolute path, expected one that begins with /",
                         SHOWN(entry->value));
    if (entry->value[strspn(entry->value, PATH_BYTES)] != '\0')
        return error_set(err, -EINVAL,
                         "\"%s\" has to be named in HAProxy's commands, expected letters, digits, / . _ - : @ +",
                         SHOWN(entry->value));
    return copy_text(row, entry, field, err);
}
