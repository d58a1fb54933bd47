/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A route's value is looked for among all headers at once, line by line. So a regular expression is written anew: what
 * could stand for the end of a line, or of a cookie, is excluded or refused. */
#include "spec/route.h"

#include <errno.h>

#include "analysis/pattern.h"
#include "spec/place.h"

#define SPECIAL "\\.[](){}*+?^$|"
#define PATTERN_TEXT_MAX ((size_t)4096)

bool spec_route_counts(const struct step *steps, uint32_t n, uint32_t index) {
    if (!step_is_route(&steps[index]) || !*steps[index].route.value)
        return false;
    for (uint32_t later = index + 1; later < n; later++)
        if (step_is_route(&steps[later]) && strcmp(steps[later].route.name, steps[index].route.name) == 0)
            return false;
    return true;
}

/* ---------------------------------------------------------------- regular expressions */

/* One that is being written anew. */
struct rewrite {
    const char *at;
    const char *ends; /* what a class must not stand for: it would end the line, or the cookie */
    struct buffer *text;
    struct error *err;
};

static int refuse(struct rewrite *rewrite, const char *what, const char *expected) {
    return error_set(rewrite->err, -EINVAL, "a route's regular expression cannot have %s, expected %s", what, expected);
}

static void put_character(struct buffer *text, char character) {
    bool plain = character > ' ' && character < 127 && character != ';';
    if (plain)
        buffer_append(text, &character, 1);
    else
        buffer_printf(text, "\\x%02x", (unsigned char)character);
}

static bool is_hex(char character) {
    return character && strchr("0123456789abcdefABCDEF", character);
}

/* From the backslash on. */
static int put_escape(struct rewrite *rewrite) {
    const char *at = rewrite->at + 1;
    if (*at == 'x') {
        if (at[1] < '2' || at[1] > '7' || !is_hex(at[2]))
            return refuse(rewrite, "such a \\x", "\\x20 to \\x7e");
        if (strncasecmp(at, "x3b", 3) == 0 && strstr(rewrite->ends, "x3b"))
            return refuse(rewrite, "a semicolon", "none, as a cookie ends there");
        buffer_append(rewrite->text, rewrite->at, 4);
        rewrite->at += 4;
        return 0;
    }
    if (strchr("bB", *at) && *at && at[1] && strchr("*+?{", at[1]))
        return refuse(rewrite, "a repeated \\b", "it once");
    if (*at == ';' || *at == ' ')
        put_character(rewrite->text, *at);
    else if (strchr("dwbB" SPECIAL "/-_=,:!\"#%&'<>@`~", *at))
        buffer_append(rewrite->text, rewrite->at, 2);
    else
        return refuse(rewrite, "this escape",
                      "\\d \\w \\b \\B \\x20 or a class in brackets; it matches the whole value");
    rewrite->at += 2;
    return 0;
}

/* From "[:" on: classes that hold the end of a line, and all that are everything but something, are not for a route. */
static int put_named_class(struct rewrite *rewrite) {
    static const char *const names[] = {"[:alnum:]", "[:alpha:]", "[:digit:]", "[:graph:]", "[:lower:]",
                                        "[:print:]", "[:punct:]", "[:upper:]", "[:word:]",  "[:xdigit:]"};
    for (size_t i = 0; i < ELEMENTS(names); i++)
        if (strncmp(rewrite->at, names[i], strlen(names[i])) == 0) {
            buffer_puts(rewrite->text, names[i]);
            rewrite->at += strlen(names[i]);
            return 0;
        }
    return refuse(rewrite, "this class", ONE_OF(names, ELEMENTS(names)));
}

/* A single character, from which or to which a range may go. */
static bool is_single(const char *at) {
    return *at == '\\' ? !strchr("dwbB", at[1]) : *at && !strchr("[]-", *at);
}

/* A hyphen between two characters makes a range. Anywhere else PCRE would take it for one, too, unless escaped. */
static int put_members(struct rewrite *rewrite) {
    enum {
        NOTHING,
        SINGLE,
        RANGE
    } before = NOTHING; /* SINGLE may begin a range, RANGE is one that waits for its end */
    int r = 0;
    for (bool first = true; r >= 0 && *rewrite->at && (*rewrite->at != ']' || first); first = false) {
        const char *at = rewrite->at;
        if (*at == '-') {
            before = before == SINGLE && is_single(at + 1) ? RANGE : SINGLE;
            buffer_puts(rewrite->text, before == RANGE ? "-" : "\\-");
            rewrite->at++;
            continue;
        }
        before = before != RANGE && is_single(at) ? SINGLE : NOTHING;
        if (*at == '\\')
            r = put_escape(rewrite);
        else if (strncmp(at, "[:", 2) == 0)
            r = put_named_class(rewrite);
        else if (strchr("[]", *at))
            buffer_printf(rewrite->text, "\\%c", *rewrite->at++);
        else
            put_character(rewrite->text, *rewrite->at++);
    }
    return r < 0 || *rewrite->at ? r : refuse(rewrite, "an open bracket", "]");
}

/* From the bracket on. In a cookie what stands for the semicolon, too, stops before it. */
static int put_class(struct rewrite *rewrite) {
    bool negated = rewrite->at[1] == '^', bounded = !negated && strstr(rewrite->ends, "x3b");
    buffer_printf(rewrite->text, "%s[%s%s", bounded ? "(?:(?!\\x3b)" : "", negated ? "^" : "",
                  negated ? rewrite->ends : "");
    rewrite->at += negated ? 2 : 1;
    int r = put_members(rewrite);
    if (r < 0)
        return r;
    rewrite->at++;
    buffer_puts(rewrite->text, bounded ? "])" : "]");
    return 0;
}

static int put_group(struct rewrite *rewrite) {
    bool plain = rewrite->at[1] != '?' || strncmp(rewrite->at, "(?:", 3) == 0 || strncmp(rewrite->at, "(?i:", 4) == 0 ||
                 strncmp(rewrite->at, "(?i)", 4) == 0;
    if (!plain)
        return refuse(rewrite, "this group", "(...), (?:...), (?i) or (?i:...)");
    buffer_append(rewrite->text, rewrite->at++, 1);
    return 0;
}

/* REGEX is one that pattern_compile() takes, so that brackets and backslashes are not left open. */
static int put_regex(struct rewrite *rewrite) {
    int r = 0;
    while (r >= 0 && *rewrite->at)
        switch (*rewrite->at) {
        case '\\':
            r = put_escape(rewrite);
            break;
        case '[':
            r = put_class(rewrite);
            break;
        case '(':
            r = put_group(rewrite);
            break;
        case '.':
            buffer_printf(rewrite->text, "[^%s]", rewrite->ends);
            rewrite->at++;
            break;
        case '^':
        case '$':
            r = refuse(rewrite, "^ or $", "none, as it matches the whole value");
            break;
        default:
            put_character(rewrite->text, *rewrite->at++);
        }
    return r < 0 ? r : rewrite->text->error;
}

static int rewrite_regex(const struct step *step, struct buffer *text, struct error *err) {
    struct rewrite rewrite = {.at = step->route.value,
                              .ends = step->kind == STEP_SET_COOKIE_ROUTE ? "\\r\\n\\x3b" : "\\r\\n",
                              .text = text,
                              .err = err};
    return put_regex(&rewrite);
}

static int check_regex(const struct step *step, struct error *err) {
    ARENA(arena);
    struct error inner = {0};
    struct fault fault = {.err = &inner};
    const struct pattern *pattern;
    const char *value = step->route.value;
    size_t column;
    for (const char *at = value; *at; at++)
        if ((unsigned char)*at > 126)
            return error_set(err, -EINVAL, "a route's regular expression is ASCII, expected no other characters");
    if (pattern_compile(&arena, value, strlen(value), PATTERN_RE2, &pattern, &fault) < 0) {
        int code = fault_report(&fault, value, &column);
        return error_in_text(err, code, inner.text, value, column);
    }
    _cleanup_buffer_ struct buffer text = BUFFER(PATTERN_TEXT_MAX);
    return rewrite_regex(step, &text, err);
}

/* ---------------------------------------------------------------- values */

int route_check(const struct step *step, struct error *err) {
    for (const char *at = step->route.value; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 127)
            return error_set(err, -EINVAL, "route %s: control characters in its value, expected none",
                             step->route.name);
    if (step->kind == STEP_SET_COOKIE_ROUTE && strchr(step->route.value, ';'))
        return error_set(err, -EINVAL, "route %s: a cookie ends at the semicolon, expected none in its value",
                         step->route.name);
    return step->route.match == ROUTE_REGEX ? check_regex(step, err) : 0;
}

int route_pattern(const struct step *step, struct buffer *text) {
    if (step->route.match == ROUTE_REGEX) {
        buffer_puts(text, "(?:");
        if (rewrite_regex(step, text, NULL) < 0 && !text->error)
            return -EINVAL;
        return buffer_puts(text, ")");
    }
    for (const char *at = step->route.value; *at; at++) {
        if (strchr(SPECIAL, *at))
            buffer_puts(text, "\\");
        put_character(text, *at);
    }
    return text->error;
}
