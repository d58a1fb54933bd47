/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every section and key of rollout.conf(5), one row each: a new key is a field in spec.h (or none, for a setting that
 * another room reads), a row here, a default in defaults.c, and a paragraph in the manual. */
#ifndef ROLLOUT_SPEC_TABLE_H
#define ROLLOUT_SPEC_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

struct key_row;

/* One key as written: what the parsers get. Owned by the document. */
struct document_entry {
    char *key, *value, *file;
    int line;
};

/* Parses entry->value into field, which lies row->offset bytes into what the section describes. Errors without place.
 */
typedef int (*value_parser)(const struct key_row *row, const struct document_entry *entry, void *field,
                            struct error *err);

struct key_row {
    const char *name;
    value_parser parse;
    size_t offset;
    bool list;        /* repeating the key adds to it; otherwise the last one counts */
    bool infinity;    /* spans: infinity has a meaning */
    int64_t min, max; /* numbers and spans: bounds, max 0 for none; texts: max is the field's size */
    const char *const *(*words)(size_t *ret_n); /* what a value may be */
    value_parser check; /* settings: how the value must read; nothing is kept of it, so none that allocates */
};

enum section_kind {
    SECTION_ROLLOUT,
    SECTION_HAPROXY,
    SECTION_CANARY,
    SECTION_BLUE_GREEN,
    SECTION_ARGS,
    SECTION_TEMPLATE,
    SECTION_METRIC,
    SECTION_HOOK,
    SECTION_NOTIFY,
};
#define SECTIONS (SECTION_NOTIFY + 1)

struct section_row {
    const char *name;
    bool named;                 /* [Metric NAME] */
    bool in_template;           /* may stand in a template */
    const struct key_row *keys; /* NULL: any key */
    size_t n_keys;
};

extern const struct section_row section_table[SECTIONS];

/* NULL when there is none. */
const struct section_row *section_find(const char *name);
const struct key_row *key_find(const struct section_row *section, const char *name);

#endif
