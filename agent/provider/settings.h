/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A provider's own keys in [Metric NAME]: one row each, read into a struct of the provider's. */
#ifndef ROLLOUT_PROVIDER_SETTINGS_H
#define ROLLOUT_PROVIDER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/metric.h"
#include "common/error.h"

#define SETTING_LIST_MAX 16

/* Values of a key that may be repeated. */
struct setting_list {
    size_t n;
    const char *items[SETTING_LIST_MAX];
};

/* The kind of a value: checks it and puts it into a field. Errors say what is wrong and what was expected, without the
 * place. Texts are borrowed from the metric. */
typedef int (*setting_kind)(const char *value, void *field, struct error *err);

int setting_text(const char *value, void *field, struct error *err);       /* const char * */
int setting_url(const char *value, void *field, struct error *err);        /* const char *: http or https, no secrets */
int setting_file(const char *value, void *field, struct error *err);       /* const char *: an absolute path */
int setting_credential(const char *value, void *field, struct error *err); /* const char *: a name */
int setting_bool(const char *value, void *field, struct error *err);       /* bool: yes or no */
int setting_timeout(const char *value, void *field, struct error *err);    /* usec_t: 1ms to 1h */
int setting_span(const char *value, void *field, struct error *err);       /* usec_t: 1ms to a year */
int setting_header(const char *value, void *field, struct error *err);     /* adds to struct setting_list */

struct setting_row {
    const char *key;
    setting_kind kind;
    size_t offset; /* of the field */
    bool required;
    const char *fallback; /* as it would be written; NULL: the field stays as it was */
};

/* Reads the metric's settings by n rows into fields, whose bytes are zero before. Where a key is repeated the last
 * value counts, unless its kind collects them; an empty value forgets those before. With `expanded` false, values that
 * hold an argument ({{...}}) count as given but aren't looked at, and their fields stay zero. -EINVAL for unknown keys,
 * bad values and missing ones, with FILE:LINE. */
int settings_read(const struct setting_row *rows, size_t n, const struct metric_spec *metric, bool expanded,
                  void *fields, struct error *err);

/* The last setting of that key, NULL when there is none: for errors that concern several. */
const struct setting *settings_find(const struct metric_spec *metric, const char *key);

#endif
