/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/haproxy-config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "spec/array.h"
#include "spec/place.h"

#define TEXT_MAX ((size_t)16 << 20)
#define WORDS_MAX 256 /* of a line; HAProxy takes 64 */
#define SECTIONS_MAX 4096

static const char *const section_kinds[] = {
    "global",   "defaults",  "frontend",    "backend", "listen",      "peers", "resolvers",
    "mailers",  "userlist",  "cache",       "program", "http-errors", "ring",  "log-forward",
    "fcgi-app", "crt-store", "log-profile", "traces",  "acme",
};

struct reader {
    struct haproxy_config *config;
    const char *file;
    int line;
    struct error *err;
};

static int out_of_memory(const struct reader *reader) {
    return error_set(reader->err, -ENOMEM, "out of memory while reading %s", reader->file);
}

/* ---------------------------------------------------------------- words */

/* What stands behind a backslash, HAProxy's way. */
static char unescape(const char **at) {
    char byte = *(*at)++;
    char hex[3] = {0};
    switch (byte) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'x':
        hex[0] = **at;
        hex[1] = hex[0] ? (*at)[1] : '\0';
        if (strspn(hex, "0123456789abcdefABCDEF") != 2)
            return byte;
        *at += 2;
        return (char)strtoul(hex, NULL, 16);
    default:
        return byte;
    }
}

/* Takes one word off the line, in place. False at the line's end; *quote is left open when a quote has no end. */
static bool take_word(char **at, char **ret_word, char *quote) {
    char *from = *at + strspn(*at, " \t\r");
    char *to = from;
    *ret_word = to;
    if (*from == '\0' || *from == '#')
        return false;
    while (*from && (*quote || !strchr(" \t\r#", *from))) {
        const char *behind = from + 1;
        if (*from == *quote) {
            *quote = '\0';
        } else if (!*quote && (*from == '"' || *from == '\'')) {
            *quote = *from;
        } else if (*from == '\\' && *quote != '\'' && from[1]) {
            *to++ = unescape(&behind);
        } else {
            *to++ = *from;
        }
        from += behind - from;
    }
    bool more = *from && *from != '#';
    *at = more ? from + 1 : (char *)(uintptr_t) "";
    *to = '\0';
    return true;
}

/* Adds the words of one line; they are pointed to when all lines are there. */
static int take_line(struct reader *reader, char *text, size_t *ret_n) {
    struct haproxy_config *config = reader->config;
    char *word, quote = '\0';
    size_t n = 0;
    while (take_word(&text, &word, &quote)) {
        if (quote)
            return error_at(reader->err, reader->file, reader->line, "a %c that nothing ends, expected another", quote);
        if (n == WORDS_MAX)
            return error_at(reader->err, reader->file, reader->line, "a line of more than %d words, expected fewer",
                            WORDS_MAX);
        char **added = ARRAY_ADD(config->words, config->n_words);
        if (!added)
            return out_of_memory(reader);
        *added = word;
        n++;
    }
    *ret_n = n;
    return 0;
}

/* ---------------------------------------------------------------- sections */

static bool is_defaults(const struct haproxy_section *section) {
    return strcmp(section->kind, "defaults") == 0;
}

/* The section that NAME (or, without one, the latest place) says. SIZE_MAX: none. */
static size_t find_defaults(const struct haproxy_config *config, const char *name) {
    for (size_t i = config->n_sections; i-- > 0;)
        if (is_defaults(&config->sections[i]) && (!name || strcmp(config->sections[i].name, name) == 0))
            return i;
    return SIZE_MAX;
}

/* "backend NAME from DEFAULTS", where a name of `defaults` may be missing. */
static int open_section(struct reader *reader, char **words, size_t n) {
    struct haproxy_config *config = reader->config;
    bool named = n > 1 && strcmp(words[1], "from") != 0;
    size_t at_from = named ? 2 : 1;
    const char *from = n > at_from + 1 && strcmp(words[at_from], "from") == 0 ? words[at_from + 1] : NULL;
    bool inherits = from || STR_IN_SET(words[0], "backend", "listen", "frontend");
    size_t defaults = inherits ? find_defaults(config, from) : SIZE_MAX;

    if (STR_IN_SET(words[0], "backend", "listen", "frontend") && !named)
        return error_at(reader->err, reader->file, reader->line, "%s without a name, expected %s NAME", words[0],
                        words[0]);
    if (from && defaults == SIZE_MAX)
        return error_at(reader->err, reader->file, reader->line,
                        "%s from %s: there is no section \"defaults %s\" above", words[0], SHOWN(from), SHOWN(from));
    if (config->n_sections == SECTIONS_MAX)
        return error_at(reader->err, reader->file, reader->line, "more than %d sections, expected fewer", SECTIONS_MAX);
    struct haproxy_section *section = ARRAY_ADD(config->sections, config->n_sections);
    if (!section)
        return out_of_memory(reader);
    *section = (struct haproxy_section){
        .kind = words[0],
        .name = named ? words[1] : "",
        .line = reader->line,
        .first_line = config->n_lines,
        .defaults = defaults != SIZE_MAX ? defaults : config->n_sections - 1,
    };
    return 0;
}

static int add_line(struct reader *reader, size_t n) {
    struct haproxy_config *config = reader->config;
    if (config->n_sections == 0)
        return error_at(reader->err, reader->file, reader->line,
                        "\"%s\" stands before any section, expected one like global, defaults or backend",
                        SHOWN(config->words[config->n_words - n]));
    struct haproxy_line *line = ARRAY_ADD(config->lines, config->n_lines);
    if (!line)
        return out_of_memory(reader);
    *line = (struct haproxy_line){.number = reader->line, .n_words = n};
    config->sections[config->n_sections - 1].n_lines++;
    return 0;
}

static int read_line(struct reader *reader, char *text) {
    struct haproxy_config *config = reader->config;
    size_t n = 0;
    int r = take_line(reader, text, &n);
    if (r < 0 || n == 0)
        return r;
    char **words = &config->words[config->n_words - n];
    if (words[0][0] != '.' && !str_in_set(words[0], section_kinds, ELEMENTS(section_kinds)))
        return add_line(reader, n);
    r = words[0][0] == '.' ? 0 : open_section(reader, words, n);
    config->n_words -= n;
    return r;
}

static int check_bytes(const struct reader *reader, const char *line, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)line[i] < ' ' && !strchr("\t\r", line[i])) || line[i] == '\0' || line[i] == '\177')
            return error_at(reader->err, reader->file, reader->line, "byte 0x%02x at column %zu, expected text",
                            (unsigned)(unsigned char)line[i], i + 1);
    return 0;
}

static int read_lines(struct reader *reader, size_t len) {
    char *at = reader->config->text, *end = at + len;
    while (at < end) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        char *next = newline ? newline + 1 : end;
        reader->line++;
        int r = check_bytes(reader, at, (size_t)((newline ? newline : end) - at));
        if (newline)
            *newline = '\0';
        if (r >= 0)
            r = read_line(reader, at);
        if (r < 0)
            return r;
        at = next;
    }
    char **words = reader->config->words;
    for (size_t i = 0; i < reader->config->n_lines; words += reader->config->lines[i++].n_words)
        reader->config->lines[i].words = words;
    return 0;
}

/* ---------------------------------------------------------------- doors */

int haproxy_config_read(const char *text, size_t len, const char *file, struct haproxy_config **ret,
                        struct error *err) {
    if (len > TEXT_MAX)
        return error_at(err, file, 0, "more than %zu MiB, expected a haproxy.cfg", TEXT_MAX >> 20);
    _cleanup_haproxy_config_ struct haproxy_config *config = calloc(1, sizeof *config);
    struct reader reader = {.config = config, .file = file, .err = err};
    if (!config || !(config->text = malloc(len + 1)))
        return out_of_memory(&reader);
    memcpy(config->text, text, len);
    config->text[len] = '\0';
    int r = read_lines(&reader, len);
    if (r < 0)
        return r;
    *ret = take_pointer(config);
    return 0;
}

struct haproxy_config *haproxy_config_free(struct haproxy_config *config) {
    if (!config)
        return NULL;
    free(config->text);
    free((void *)config->words);
    free(config->lines);
    free(config->sections);
    free(config);
    return NULL;
}

static void each(const struct haproxy_config *config, size_t index, bool inherited, haproxy_line_function function,
                 void *userdata) {
    const struct haproxy_section *section = &config->sections[index];
    if (section->defaults < index) /* sections only inherit from above */
        each(config, section->defaults, true, function, userdata);
    for (size_t i = 0; i < section->n_lines; i++)
        function(&config->lines[section->first_line + i], inherited, userdata);
}

void haproxy_config_each(const struct haproxy_config *config, size_t section, haproxy_line_function function,
                         void *userdata) {
    each(config, section, false, function, userdata);
}
