/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* systemd's INI dialect, entry by entry: Key=value below [Section] or [Section argument], comments on lines of their
 * own
 * (# or ;), a trailing \ joins lines. Knows no section and no key: that is the table's part. */
#ifndef ROLLOUT_SPEC_INI_H
#define ROLLOUT_SPEC_INI_H

#include <stddef.h>

#include "common/error.h"

#define INI_LINE_MAX ((size_t)64 * 1024) /* bytes of one line, after joining */
#define INI_NAME_MAX 128                 /* of a section, an argument or a key, with the final 0 */

/* A section that opens (key and value are NULL), or a key. Borrowed for the call. */
struct ini_entry {
    const char *section;
    const char *argument; /* "" when the header has none */
    const char *key;
    const char *value; /* without white space at its ends; "" when empty */
    const char *file;
    int line; /* where it begins, from 1 */
};

/* A negative errno (with err filled) ends the reading. */
typedef int (*ini_entry_function)(const struct ini_entry *entry, void *userdata, struct error *err);

/* Calls function for all that text holds, in order. FILE is its name in errors: "FILE:LINE: what, what was expected".
 * Refuses control characters and bytes that are not UTF-8. */
int ini_read(const char *text, size_t len, const char *file, ini_entry_function function, void *userdata,
             struct error *err);

#endif
