/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/json-syntax.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/json.h"
#include "common/text.h"

/* cJSON copies a number into a buffer of 64 before it converts it. */
#define NUMBER_MAX 63

struct scanner {
    const char *start;
    const char *at;
    const char *end;
    unsigned depth;
    struct error *err;
};

static int refuse(const struct scanner *scanner, const char *what) {
    size_t line = 1, column = 1;
    for (const char *at = scanner->start; at < scanner->at; at++) {
        column = *at == '\n' ? 1 : column + 1;
        line += *at == '\n';
    }
    return error_set(scanner->err, -EINVAL, "no valid JSON at line %zu column %zu: %s", line, column, what);
}

static char peek(const struct scanner *scanner) {
    return scanner->at < scanner->end ? *scanner->at : '\0';
}

static bool take(struct scanner *scanner, char wanted) {
    if (scanner->at == scanner->end || *scanner->at != wanted)
        return false;
    scanner->at++;
    return true;
}

static void skip_spaces(struct scanner *scanner) {
    while (take(scanner, ' ') || take(scanner, '\t') || take(scanner, '\n') || take(scanner, '\r'))
        ;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static size_t take_digits(struct scanner *scanner) {
    const char *from = scanner->at;
    while (is_digit(peek(scanner)))
        scanner->at++;
    return (size_t)(scanner->at - from);
}

static int check_number(struct scanner *scanner) {
    const char *from = scanner->at;
    (void)take(scanner, '-');
    if (take(scanner, '0')) {
        if (take_digits(scanner) > 0)
            return refuse(scanner, "a number must not begin with 0");
    } else if (take_digits(scanner) == 0) {
        return refuse(scanner, "expected a digit");
    }
    if (take(scanner, '.') && take_digits(scanner) == 0)
        return refuse(scanner, "expected a digit behind the decimal point");
    if (take(scanner, 'e') || take(scanner, 'E')) {
        if (!take(scanner, '+'))
            (void)take(scanner, '-');
        if (take_digits(scanner) == 0)
            return refuse(scanner, "expected a digit in the exponent");
    }
    if (scanner->at - from > NUMBER_MAX)
        return refuse(scanner, "a number has too many digits");
    return 0;
}

/* The four digits behind \u; -1 when they are none. */
static int take_hex4(struct scanner *scanner) {
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = peek(scanner);
        if (is_digit(c))
            value = value * 16 + (c - '0');
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            value = value * 16 + ((c | 0x20) - 'a' + 10);
        else
            return -1;
        scanner->at++;
    }
    return value;
}

static int check_escape(struct scanner *scanner) {
    char c = peek(scanner);
    if (c != '\0' && strchr("\"\\/bfnrt", c)) {
        scanner->at++;
        return 0;
    }
    if (!take(scanner, 'u'))
        return refuse(scanner, "unknown escape in a string");
    int unit = take_hex4(scanner);
    if (unit < 0)
        return refuse(scanner, "expected four hexadecimal digits behind \\u");
    if (unit == 0)
        return refuse(scanner, "\\u0000 is not accepted");
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        int low = take(scanner, '\\') && take(scanner, 'u') ? take_hex4(scanner) : -1;
        if (low < 0xDC00 || low > 0xDFFF)
            return refuse(scanner, "half of a surrogate pair");
    } else if (unit >= 0xDC00 && unit <= 0xDFFF) {
        return refuse(scanner, "half of a surrogate pair");
    }
    return 0;
}

static int check_string(struct scanner *scanner) {
    if (!take(scanner, '"'))
        return refuse(scanner, "expected a string");
    while (!take(scanner, '"')) {
        if (scanner->at == scanner->end)
            return refuse(scanner, "a string has no end");
        if (take(scanner, '\\')) {
            int r = check_escape(scanner);
            if (r < 0)
                return r;
            continue;
        }
        if ((unsigned char)*scanner->at < 0x20)
            return refuse(scanner, "a control character in a string must be escaped");
        size_t n = utf8_length(scanner->at, (size_t)(scanner->end - scanner->at));
        if (n == 0)
            return refuse(scanner, "bytes that are not UTF-8");
        scanner->at += n;
    }
    return 0;
}

static int check_value(struct scanner *scanner);

static int check_member(struct scanner *scanner) {
    int r = check_string(scanner);
    if (r < 0)
        return r;
    skip_spaces(scanner);
    return take(scanner, ':') ? check_value(scanner) : refuse(scanner, "expected ':'");
}

static int check_container(struct scanner *scanner, char end, int (*check_item)(struct scanner *),
                           const char *expected) {
    if (++scanner->depth > JSON_DEPTH_MAX)
        return refuse(scanner, "nested too deeply");
    scanner->at++;
    skip_spaces(scanner);
    for (bool first = true; !take(scanner, end); first = false) {
        if (!first && !take(scanner, ','))
            return refuse(scanner, expected);
        skip_spaces(scanner);
        int r = check_item(scanner);
        if (r < 0)
            return r;
        skip_spaces(scanner);
    }
    scanner->depth--;
    return 0;
}

static int check_word(struct scanner *scanner, const char *word) {
    size_t len = strlen(word);
    if ((size_t)(scanner->end - scanner->at) < len || memcmp(scanner->at, word, len) != 0)
        return refuse(scanner, "expected a value");
    scanner->at += len;
    return 0;
}

static int check_value(struct scanner *scanner) {
    skip_spaces(scanner);
    char first = peek(scanner);
    if (first == '-' || is_digit(first))
        return check_number(scanner);
    switch (first) {
    case '{':
        return check_container(scanner, '}', check_member, "expected ',' or '}'");
    case '[':
        return check_container(scanner, ']', check_value, "expected ',' or ']'");
    case '"':
        return check_string(scanner);
    case 't':
        return check_word(scanner, "true");
    case 'f':
        return check_word(scanner, "false");
    case 'n':
        return check_word(scanner, "null");
    default:
        return refuse(scanner, "expected a value");
    }
}

int json_check_syntax(const char *text, size_t len, struct error *err) {
    struct scanner scanner = {.start = text, .at = text, .end = text + len, .err = err};
    int r = check_value(&scanner);
    if (r < 0)
        return r;
    skip_spaces(&scanner);
    return scanner.at < scanner.end ? refuse(&scanner, "text behind the document") : 0;
}
