/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libinih does the reading of keys and values, behind a reader that gives it only what it gets right. Debian's build
 * takes lines of 200 bytes, cuts section names at 49, drops what follows " ;", accepts "Key: value" and counts no lines.
 * So the reader below joins, checks and counts lines and keeps the section itself; a value goes over in pieces: what
 * begins with a space continues the value before, MARK keeps a piece's own white space, and ';' travels as MASK. */
#include "spec/ini.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

#include "common/buffer.h"
#include "common/text.h"

#define SPACE " \t"
#define MARK '\1'
#define MASK '\2'
#define KEY_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

struct reader {
    const char *next, *end; /* what of the text is still to be read */
    const char *file;
    int line;               /* of the text, the one read last */
    struct buffer joined;   /* the logical line under way */
    int joined_line;        /* where it began */
    size_t fed;             /* bytes of it that libinih has */
    struct buffer value;    /* bytes of it that came back */
    char section[INI_NAME_MAX], argument[INI_NAME_MAX], key[INI_NAME_MAX];
    ini_entry_function function;
    void *userdata;
    struct error *err;
    int result; /* the first failure */
};

#define fail(reader, at, ...) ((reader)->result = fail_at(reader, at, __VA_ARGS__))

static int fail_at(const struct reader *reader, int line, const char *what, const char *shown) {
    char safe[64];

    return error_set(reader->err, -EINVAL, what, reader->file, line, text_escape(safe, sizeof safe, shown, strlen(shown)));
}
