/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to segments and selectors. Depth and parts are bounded, so recursion is. */
#include <errno.h>
#include <string.h>

#include "analysis/jsonpath-tree.h"
#include "common/text.h"

#define WHOLE_MAX 9007199254740991 /* 2^53 - 1, the RFC's bound of indices */

void *path_expected(struct path_parser *parser, const char *what) {
    const char *here = parser->text + parser->at;
    char shown[8];
    if (*here)
        (void)fault_set(parser->fault, parser->at, -EINVAL, "'%s' where %s was expected",
                        text_escape(shown, sizeof shown, here, utf8_length(here, strlen(here))), what);
    else
        (void)fault_set(parser->fault, parser->at, -EINVAL, "the path ends where %s was expected", what);
    return NULL;
}

void *path_part(struct path_parser *parser, const void *model, size_t size) {
    if (++parser->parts > JSONPATH_PARTS_MAX) {
        (void)fault_set(parser->fault, parser->at, -E2BIG, "the path has more than %d parts", JSONPATH_PARTS_MAX);
        return NULL;
    }
    void *part = arena_take(parser->arena, size);
    if (!part) {
        (void)fault_memory(parser->fault, parser->at);
        return NULL;
    }
    return memcpy(part, model, size);
}

void path_skip_space(struct path_parser *parser) {
    parser->at += strspn(parser->text + parser->at, " \t\n\r");
}

bool path_accept(struct path_parser *parser, const char *word) {
    size_t length = strlen(word);
    if (strncmp(parser->text + parser->at, word, length) != 0)
        return false;
    parser->at += length;
    return true;
}

bool path_enter(struct path_parser *parser) {
    if (++parser->depth <= JSONPATH_DEPTH_MAX)
        return true;
    (void)fault_set(parser->fault, parser->at, -E2BIG, "this is nested too deeply");
    return false;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Four hexadecimal digits. */
static bool parse_unit(struct path_parser *parser, uint32_t *ret) {
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++, parser->at++) {
        char c = parser->text[parser->at], lower = (char)(c | 0x20);
        if (!is_digit(c) && !(lower >= 'a' && lower <= 'f'))
            return path_expected(parser, "a hexadecimal digit");
        unit = unit << 4 | (uint32_t)(is_digit(c) ? c - '0' : lower - 'a' + 10);
    }
    *ret = unit;
    return true;
}

/* Behind "\u": a character, which may be written as two surrogates. */
static bool parse_unicode(struct path_parser *parser, char **to) {
    size_t start = parser->at;
    uint32_t character, low = 0;

    if (!parse_unit(parser, &character))
        return false;
    if (character >= 0xd800 && character <= 0xdbff && path_accept(parser, "\\u")) {
        if (!parse_unit(parser, &low))
            return false;
        if (low >= 0xdc00 && low <= 0xdfff)
            character = 0x10000 + ((character - 0xd800) << 10) + (low - 0xdc00);
    }
    size_t length = utf8_encode(*to, character);
    *to += length;
    if (length > 0)
        return true;
    (void)fault_set(parser->fault, start, -EINVAL, "this is half a character");
    return false;
}

static bool parse_escape(struct path_parser *parser, char quote, char **to) {
    static const char escapes[] = "bfnrt/\\", meanings[] = "\b\f\n\r\t/\\";
    char c = parser->text[parser->at];
    const char *known = c ? strchr(escapes, c) : NULL;

    if (path_accept(parser, "u"))
        return parse_unicode(parser, to);
    if (!known && c != quote)
        return path_expected(parser, "what may be behind a backslash");
    *(*to)++ = known ? meanings[known - escapes] : quote;
    parser->at++;
    return true;
}

bool path_parse_string(struct path_parser *parser, struct value *ret) {
    const char *text = parser->text;
    char quote = text[parser->at++];
    /* no escape sequence is shorter than what it stands for */
    char *bytes = arena_take(parser->arena, strlen(text + parser->at)), *to = bytes;

    if (!bytes) {
        (void)fault_memory(parser->fault, parser->at);
        return false;
    }
    while (text[parser->at] != quote) {
        if ((unsigned char)text[parser->at] < ' ')
            return path_expected(parser, "the end of the string");
        if (path_accept(parser, "\\")) {
            if (!parse_escape(parser, quote, &to))
                return false;
        } else {
            *to++ = text[parser->at++];
        }
    }
    parser->at++;
    *ret = value_string(bytes, (uint32_t)(to - bytes));
    return true;
}

/* A whole number, if one is next: no zeros before it, no -0. */
static bool accept_whole(struct path_parser *parser, int64_t *ret) {
    size_t start = parser->at;
    int64_t number = 0;
    bool negative = path_accept(parser, "-");
    size_t digits = strspn(parser->text + parser->at, "0123456789");
    bool zero = parser->text[parser->at] == '0';

    if (digits == 0 || (zero && (digits > 1 || negative)) || digits > 16) {
        if (digits > 0 || negative)
            (void)fault_set(parser->fault, start, -EINVAL, "this is not a whole number as JSONPath has them");
        return false;
    }
    for (; digits > 0; digits--)
        number = number * 10 + (parser->text[parser->at++] - '0');
    if (number > WHOLE_MAX) {
        (void)fault_set(parser->fault, start, -EINVAL, "this number is too large");
        return false;
    }
    *ret = negative ? -number : number;
    return true;
}

static bool accept_colon(struct path_parser *parser) {
    size_t before = parser->at;
    path_skip_space(parser);
    if (path_accept(parser, ":"))
        return true;
    parser->at = before;
    return false;
}

/* start:end:step, each of which may be missing; start has been read. */
static bool parse_slice(struct path_parser *parser, struct selector *selector) {
    selector->kind = SELECT_SLICE;
    selector->slice.step = 1;
    path_skip_space(parser);
    selector->slice.has_end = accept_whole(parser, &selector->slice.end);
    if (parser->fault->code == 0 && accept_colon(parser)) {
        path_skip_space(parser);
        (void)accept_whole(parser, &selector->slice.step);
    }
    return parser->fault->code == 0;
}

static bool parse_index_or_slice(struct path_parser *parser, struct selector *selector) {
    int64_t start = 0;
    bool has_start = accept_whole(parser, &start);

    if (parser->fault->code < 0)
        return false;
    if (accept_colon(parser)) {
        selector->slice.has_start = has_start;
        selector->slice.start = start;
        return parse_slice(parser, selector);
    }
    selector->kind = SELECT_INDEX;
    selector->index = start;
    return has_start || path_expected(parser, "a name in quotes, a number, '*', ':' or '?'");
}

static struct selector *parse_selector(struct path_parser *parser) {
    struct selector selector = {.kind = SELECT_WILDCARD};
    char c = parser->text[parser->at];

    if (c == '"' || c == '\'') {
        selector.kind = SELECT_NAME;
        if (!path_parse_string(parser, &selector.name))
            return NULL;
    } else if (path_accept(parser, "?")) {
        selector.kind = SELECT_FILTER;
        selector.filter = path_parse_filter(parser);
        if (!selector.filter)
            return NULL;
    } else if (!path_accept(parser, "*") && !parse_index_or_slice(parser, &selector)) {
        return NULL;
    }
    return path_part(parser, &selector, sizeof selector);
}

/* Behind '[': selectors up to the ']'. */
static const struct selector *parse_bracket(struct path_parser *parser) {
    const struct selector *first = NULL, **link = &first;

    if (!path_enter(parser))
        return NULL;
    do {
        path_skip_space(parser);
        struct selector *selector = parse_selector(parser);
        if (!selector)
            return NULL;
        *link = selector;
        link = &selector->next;
        path_skip_space(parser);
    } while (path_accept(parser, ","));
    parser->depth--;
    return path_accept(parser, "]") ? first : path_expected(parser, "',' or ']'");
}

static bool is_name_byte(char c, bool first) {
    char lower = (char)(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || c == '_' || (unsigned char)c >= 0x80 || (!first && is_digit(c));
}

/* Behind a dot: a name without quotes. */
static const struct selector *parse_name(struct path_parser *parser) {
    const char *start = parser->text + parser->at;
    size_t length = 0;

    while (is_name_byte(start[length], length == 0))
        length++;
    if (length == 0)
        return path_expected(parser, "a name or '*'");
    parser->at += length;
    return path_part(parser, &(struct selector){.kind = SELECT_NAME, .name = value_string(start, (uint32_t)length)},
                     sizeof(struct selector));
}

/* At '[' or '.'. */
static struct segment *parse_segment(struct path_parser *parser) {
    struct segment segment = {.descendant = path_accept(parser, "..")};
    bool dot = segment.descendant || path_accept(parser, ".");

    if ((segment.descendant || !dot) && path_accept(parser, "["))
        segment.selectors = parse_bracket(parser);
    else if (path_accept(parser, "*"))
        segment.selectors = path_part(parser, &(struct selector){.kind = SELECT_WILDCARD}, sizeof(struct selector));
    else
        segment.selectors = parse_name(parser);
    return segment.selectors ? path_part(parser, &segment, sizeof segment) : NULL;
}

static bool is_singular(const struct segment *segment) {
    const struct selector *only = segment->selectors;
    return !segment->descendant && !only->next && (only->kind == SELECT_NAME || only->kind == SELECT_INDEX);
}

const struct query *path_parse_query(struct path_parser *parser, bool from_root) {
    struct query query = {.from_root = from_root, .singular = true};
    const struct segment **link = &query.segments;

    for (;;) {
        size_t before = parser->at;
        path_skip_space(parser);
        if (parser->text[parser->at] != '.' && parser->text[parser->at] != '[') {
            parser->at = before; /* white space belongs to what follows */
            return path_part(parser, &query, sizeof query);
        }
        struct segment *segment = parse_segment(parser);
        if (!segment)
            return NULL;
        query.singular &= is_singular(segment);
        *link = segment;
        link = &segment->next;
    }
}
