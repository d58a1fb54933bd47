/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libinih takes keys and values apart, behind a reader that gives it only what it gets right. Debian's build takes
 * lines of 200 bytes, cuts section names at 49, drops what follows " ;", accepts "Key: value" and tells no line
 * numbers. So the reader joins, checks and counts lines and keeps the section itself. A value goes over in pieces: one
 * that begins with a space continues the value before; MARK at both ends keeps a piece's own white space, and ';'
 * travels as MASK. */
#include "spec/ini.h"

#include <ini.h>
#include <string.h>

#include "common/buffer.h"
#include "spec/place.h"

#define SPACE " \t"
#define COMMENT "#;"
#define MARK '\1'
#define MASK '\2'
#define KEY_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

struct reader {
    const char *next, *end; /* what of the text is still to be read */
    const char *file;
    int line;             /* the one read last */
    struct buffer joined; /* the logical line under way */
    int joined_line;      /* where it began */
    size_t fed;           /* bytes of it that libinih was given */
    struct buffer value;  /* what came back of its value */
    char section[INI_NAME_MAX], argument[INI_NAME_MAX], key[INI_NAME_MAX];
    ini_entry_function function;
    void *userdata;
    struct error *err;
    int result; /* the first failure */
};

#define fail(reader, ...) ((reader)->result = error_at((reader)->err, (reader)->file, __VA_ARGS__))

static int check_bytes(struct reader *reader, const char *line, size_t len) {
    for (size_t i = 0; i < len; i++)
        if ((line[i] >= 0 && line[i] < ' ' && line[i] != '\t') || line[i] == '\177')
            return fail(reader, reader->line, "byte 0x%02x at column %zu, expected text",
                        (unsigned)(unsigned char)line[i], i + 1);
    if (!utf8_valid(line, len))
        return fail(reader, reader->line, "bytes that are not UTF-8, expected text");
    return 0;
}

/* Cuts the next line off the text, without its end. False at the end of the text. */
static bool next_line(struct reader *reader, const char **ret_line, size_t *ret_len) {
    if (reader->next == reader->end)
        return false;

    const char *line = reader->next, *newline = memchr(line, '\n', (size_t)(reader->end - line));
    size_t len = (size_t)((newline ? newline : reader->end) - line);
    reader->next = newline ? newline + 1 : reader->end;
    reader->line++;
    if (len > 0 && line[len - 1] == '\r')
        len--;
    *ret_line = line;
    *ret_len = len;
    return true;
}

static bool ends_in_backslash(const char *line, size_t len) {
    size_t backslashes = 0;

    while (backslashes < len && line[len - 1 - backslashes] == '\\')
        backslashes++;
    return backslashes % 2 == 1;
}

/* Puts the next logical line that is neither empty nor a comment into reader->joined, without white space at its ends.
 * As in systemd, empty lines and comments between joined lines are passed over. Returns 0 at the end, 1 for a line. */
static int next_logical_line(struct reader *reader) {
    const char *line;
    size_t len;

    buffer_reset(&reader->joined);
    while (next_line(reader, &line, &len)) {
        int r = check_bytes(reader, line, len);
        if (r < 0)
            return r;

        size_t indent = 0;
        while (indent < len && strchr(SPACE, line[indent]))
            indent++;
        if (indent == len || strchr(COMMENT, line[indent]))
            continue;
        if (reader->joined.len == 0) {
            reader->joined_line = reader->line;
            line += indent;
            len -= indent;
        }

        bool continues = ends_in_backslash(line, len);
        if (buffer_append(&reader->joined, line, continues ? len - 1 : len) < 0 ||
            (continues && buffer_puts(&reader->joined, " ") < 0))
            return fail(reader, reader->joined_line, "line of more than %zu bytes, expected a shorter one",
                        INI_LINE_MAX);
        if (!continues)
            break;
    }

    while (reader->joined.len > 0 && strchr(SPACE, reader->joined.data[reader->joined.len - 1]))
        reader->joined.data[--reader->joined.len] = '\0';
    return reader->joined.len > 0;
}

static int deliver(struct reader *reader, const char *key, const char *value) {
    struct ini_entry entry = {
        .section = reader->section,
        .argument = reader->argument,
        .key = key,
        .value = value,
        .file = reader->file,
        .line = reader->joined_line,
    };

    return reader->result = reader->function(&entry, reader->userdata, reader->err);
}

static int open_section(struct reader *reader) {
    const char *line = buffer_text(&reader->joined), *name = line + 1;
    size_t name_len = strcspn(name, SPACE "[]"), gap = strspn(name + name_len, SPACE);
    const char *argument = name + name_len + gap;
    size_t argument_len = strcspn(argument, SPACE "[]");

    if (name_len == 0 || (gap > 0 && argument_len == 0) || strcmp(argument + argument_len, "]") != 0)
        return fail(reader, reader->joined_line, "bad section header %s, expected [Section] or [Section name]",
                    SHOWN(line));
    if (name_len >= INI_NAME_MAX || argument_len >= INI_NAME_MAX)
        return fail(reader, reader->joined_line, "section name of %zu bytes, expected at most %d",
                    name_len > argument_len ? name_len : argument_len, INI_NAME_MAX - 1);
    memcpy(reader->section, name, name_len);
    reader->section[name_len] = '\0';
    memcpy(reader->argument, argument, argument_len);
    reader->argument[argument_len] = '\0';
    return deliver(reader, NULL, NULL);
}

static int check_key(struct reader *reader) {
    const char *line = buffer_text(&reader->joined);
    size_t len = strcspn(line, "="), key_len = strspn(line, KEY_BYTES);

    if (line[len] == '\0')
        return fail(reader, reader->joined_line, "no = in \"%s\", expected Key=value", SHOWN(line));
    if (key_len == 0 || key_len + strspn(line + key_len, SPACE) != len)
        return fail(reader, reader->joined_line,
                    "bad key in \"%s\", expected letters, digits, - . _ before the =", SHOWN(line));
    if (key_len >= INI_NAME_MAX)
        return fail(reader, reader->joined_line, "key of %zu bytes, expected at most %d", key_len, INI_NAME_MAX - 1);
    if (reader->section[0] == '\0')
        return fail(reader, reader->joined_line, "\"%s\" stands before any section, expected [Section] first",
                    SHOWN(line));
    return 0;
}

/* Gets the next line with a key ready to be fed. 0 at the end, 1 for a line. */
static int next_key(struct reader *reader) {
    int r;

    while ((r = next_logical_line(reader)) > 0) {
        bool header = buffer_text(&reader->joined)[0] == '[';
        r = header ? open_section(reader) : check_key(reader);
        if (r < 0)
            return r;
        if (!header)
            return 1;
    }
    return r;
}

/* libinih's fgets(): one piece of the line under way, or the first of the next line. */
static char *feed(char *piece, int size, void *stream) {
    struct reader *reader = stream;
    size_t room = (size_t)size, head;

    if (reader->result < 0)
        return NULL;
    if (reader->fed == reader->joined.len) {
        if (next_key(reader) <= 0)
            return NULL;
        buffer_reset(&reader->value);
        reader->fed = 0;
    }

    const char *line = buffer_text(&reader->joined);
    if (reader->fed == 0) {
        head = strcspn(line, "=") + 1;
        memcpy(piece, line, head);
        reader->fed = head + strspn(line + head, SPACE);
    } else {
        piece[0] = ' ';
        head = 1;
    }
    piece[head++] = MARK;
    while (reader->fed < reader->joined.len && head + 4 < room) { /* room for a byte, MARK, the line's end and NUL */
        char byte = line[reader->fed++];
        piece[head++] = byte == ';' ? MASK : byte;
    }
    memcpy(piece + head, (char[]){MARK, '\n', '\0'}, 3);
    return piece;
}

/* libinih's handler: a piece of a value; with the last one the entry is whole. Returns 0 on failure, as libinih wants.
 */
static int take_piece(void *userdata, const char *section, const char *name, const char *value) {
    struct reader *reader = userdata;
    const char *piece = value + 1;
    size_t len = strlen(piece) - 1;

    if (reader->result < 0)
        return 0;
    if (reader->value.len == 0)
        (void)string_copy(reader->key, sizeof reader->key, name);
    if (buffer_append(&reader->value, piece, len) < 0)
        return fail(reader, reader->joined_line, "out of memory"), 0;
    for (size_t i = reader->value.len - len; i < reader->value.len; i++)
        if (reader->value.data[i] == MASK)
            reader->value.data[i] = ';';
    if (reader->fed < reader->joined.len)
        return 1;
    return deliver(reader, reader->key, buffer_text(&reader->value)) >= 0;
}

int ini_read(const char *text, size_t len, const char *file, ini_entry_function function, void *userdata,
             struct error *err) {
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    bool marked = len >= 3 && memcmp(text, byte_order_mark, 3) == 0;
    struct reader reader = {
        .next = text + (marked ? 3 : 0),
        .end = text + len,
        .file = file,
        .joined = BUFFER(INI_LINE_MAX),
        .value = BUFFER(INI_LINE_MAX),
        .function = function,
        .userdata = userdata,
        .err = err,
    };

    (void)ini_parse_stream(feed, &reader, take_piece, &reader);
    buffer_reset(&reader.joined);
    buffer_reset(&reader.value);
    return reader.result;
}
