/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands for one character in a pattern: escapes and classes in brackets. */
#include <errno.h>
#include <string.h>

#include "analysis/pattern-program.h"
#include "common/text.h"

#define CHARACTER_MAX 0x10ffff

static const struct range digits[] = {{'0', '9'}};
static const struct range spaces[] = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
static const struct range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
static const struct range letters[] = {{'A', 'Z'}, {'a', 'z'}};
static const struct range alphanumerics[] = {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}};
static const struct range hexadecimals[] = {{'0', '9'}, {'A', 'F'}, {'a', 'f'}};
static const struct range uppers[] = {{'A', 'Z'}}, lowers[] = {{'a', 'z'}};
static const struct range ascii[] = {{0, 0x7f}}, controls[] = {{0, 0x1f}, {0x7f, 0x7f}};
static const struct range graphs[] = {{'!', '~'}}, prints[] = {{' ', '~'}}, blanks[] = {{'\t', '\t'}, {' ', ' '}};
static const struct range marks[] = {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}};
static const struct range posix_spaces[] = {{'\t', '\r'}, {' ', ' '}};

/* Ranges in order, so that what is between them can be told. */
struct named_set {
    const char *name;
    const struct range *ranges;
    size_t n;
};
#define NAMED(name, ranges) \
    { name, ranges, ELEMENTS(ranges) }

static const struct named_set posix_sets[] = {
    NAMED("alnum", alphanumerics), NAMED("alpha", letters),       NAMED("ascii", ascii),        NAMED("blank", blanks),
    NAMED("cntrl", controls),      NAMED("digit", digits),        NAMED("graph", graphs),       NAMED("lower", lowers),
    NAMED("print", prints),        NAMED("punct", marks),         NAMED("space", posix_spaces), NAMED("upper", uppers),
    NAMED("word", words),          NAMED("xdigit", hexadecimals),
};

static const struct named_set escaped_sets[] = {NAMED("d", digits), NAMED("s", spaces), NAMED("w", words)};

bool set_add(struct compiler *compiler, struct set_builder *set, uint32_t from, uint32_t to) {
    struct range *grown = arena_grow(compiler->arena, set->ranges, set->n, &set->capacity, sizeof *grown);
    if (!grown) {
        (void)fault_memory(compiler->fault, compiler->at);
        return false;
    }
    set->ranges = grown;
    set->ranges[set->n++] = (struct range){from, to};
    return true;
}

static bool add_named(struct compiler *compiler, struct set_builder *set, const struct named_set *named, bool negated) {
    uint32_t next = 0;
    for (size_t i = 0; i < named->n; i++) {
        const struct range *range = &named->ranges[i];
        if (!negated && !set_add(compiler, set, range->from, range->to))
            return false;
        if (negated && range->from > next && !set_add(compiler, set, next, range->from - 1))
            return false;
        next = range->to + 1;
    }
    return !negated || set_add(compiler, set, next, CHARACTER_MAX);
}

/* Behind \x: two digits, or as many as needed in braces. */
static bool parse_hexadecimal(struct compiler *compiler, uint32_t *ret) {
    bool braces = compiler_accept(compiler, "{");
    uint32_t character = 0;
    size_t start = compiler->at;

    while (compiler->at < compiler->length && compiler->at - start < (braces ? 8 : 2)) {
        char c = compiler->text[compiler->at], lower = (char)(c | 0x20);
        if (!(c >= '0' && c <= '9') && !(lower >= 'a' && lower <= 'f'))
            break;
        character = character << 4 | (uint32_t)(c <= '9' ? c - '0' : lower - 'a' + 10);
        compiler->at++;
    }
    size_t n = compiler->at - start;
    if (character > CHARACTER_MAX || (braces ? n == 0 || !compiler_accept(compiler, "}") : n != 2))
        return compiler_fail(compiler, start, "the number of a character in hexadecimal digits was expected");
    *ret = character;
    return true;
}

static bool is_mark(char c) {
    for (size_t i = 0; i < ELEMENTS(marks); i++)
        if ((unsigned char)c >= marks[i].from && (unsigned char)c <= marks[i].to)
            return true;
    return false;
}

static bool parse_single_escape(struct compiler *compiler, char c, uint32_t *ret) {
    static const char escapes[] = "nrtfva", meanings[] = "\n\r\t\f\v\a";
    bool strict = compiler->syntax == PATTERN_I_REGEXP;
    const char *known = c && strchr(escapes, c) ? strchr(escapes, c) : NULL;

    if (known && (!strict || known - escapes < 3)) {
        *ret = (uint32_t)meanings[known - escapes];
        return true;
    }
    if (c && (strict ? strchr("()*+-.?[\\]^{|}", c) != NULL : is_mark(c))) {
        *ret = (unsigned char)c;
        return true;
    }
    if (c == 'x' && !strict)
        return parse_hexadecimal(compiler, ret);
    return compiler_fail(compiler, compiler->at - 2,
                         c == 'p' || c == 'P' ? "Unicode's categories (\\p) are not supported"
                                              : "this escape sequence is not known");
}

bool set_add_escape(struct compiler *compiler, struct set_builder *set, bool *ret_is_single, uint32_t *ret_single) {
    if (compiler->at == compiler->length)
        return compiler_fail(compiler, compiler->at - 1, "there is nothing behind this backslash");
    char c = compiler->text[compiler->at++], lower = (char)(c | 0x20);

    *ret_is_single = false;
    for (size_t i = 0; i < ELEMENTS(escaped_sets) && compiler->syntax == PATTERN_RE2; i++)
        if (escaped_sets[i].name[0] == lower)
            return add_named(compiler, set, &escaped_sets[i], c != lower);
    *ret_is_single = true;
    return parse_single_escape(compiler, c, ret_single) && set_add(compiler, set, *ret_single, *ret_single);
}

/* [:name:] and [:^name:], which stand inside of a class. */
static bool add_posix(struct compiler *compiler, struct set_builder *set) {
    size_t start = compiler->at;
    (void)compiler_accept(compiler, "[:");
    bool negated = compiler_accept(compiler, "^");
    for (size_t i = 0; i < ELEMENTS(posix_sets); i++) {
        size_t before = compiler->at;
        if (compiler_accept(compiler, posix_sets[i].name) && compiler_accept(compiler, ":]"))
            return add_named(compiler, set, &posix_sets[i], negated);
        compiler->at = before;
    }
    return compiler_fail(compiler, start, "there is no class of this name");
}

/* One end of a range, or a class such as \d, which is added and is no end. */
static bool parse_end(struct compiler *compiler, struct set_builder *set, bool *ret_is_single, uint32_t *ret) {
    size_t length;
    if (compiler_accept(compiler, "\\")) {
        size_t n = set->n;
        if (!set_add_escape(compiler, set, ret_is_single, ret))
            return false;
        if (*ret_is_single)
            set->n = n; /* the range is added as a whole */
        return true;
    }
    if (compiler->at == compiler->length)
        return compiler_fail(compiler, compiler->at, "the class does not end");
    if (compiler->syntax == PATTERN_I_REGEXP && strchr("[]", compiler->text[compiler->at]))
        return compiler_fail(compiler, compiler->at, "this character needs a backslash in a class");
    *ret_is_single = true;
    *ret = pattern_character(compiler->text + compiler->at, compiler->length - compiler->at, &length);
    compiler->at += length;
    return true;
}

static bool next_is(const struct compiler *compiler, size_t ahead, char c) {
    return compiler->at + ahead < compiler->length && compiler->text[compiler->at + ahead] == c;
}

static bool add_item(struct compiler *compiler, struct set_builder *set, bool first) {
    size_t start = compiler->at;
    bool strict = compiler->syntax == PATTERN_I_REGEXP, single;
    uint32_t from, to;

    if (strict && next_is(compiler, 0, '-') && !first && !next_is(compiler, 1, ']'))
        return compiler_fail(compiler, start, "a minus sign is the first or the last of a class, or has a backslash");
    bool minus = next_is(compiler, 0, '-');
    if (!parse_end(compiler, set, &single, &from))
        return false;
    if (!single)
        return true;
    if (!next_is(compiler, 0, '-') || next_is(compiler, 1, ']') || (strict && minus))
        return set_add(compiler, set, from, from);
    compiler->at++;
    if (!parse_end(compiler, set, &single, &to))
        return false;
    if (!single || to < from)
        return compiler_fail(compiler, start, "this is not a range of characters");
    return set_add(compiler, set, from, to);
}

bool set_add_class(struct compiler *compiler, struct set_builder *set, bool *ret_negated) {
    size_t open = compiler->at - 1;
    bool re2 = compiler->syntax == PATTERN_RE2;

    *ret_negated = compiler_accept(compiler, "^");
    for (bool first = true; first || !next_is(compiler, 0, ']'); first = false) {
        if (compiler->at >= compiler->length)
            return compiler_fail(compiler, open, "this class does not end");
        bool added = re2 && next_is(compiler, 0, '[') && next_is(compiler, 1, ':') ? add_posix(compiler, set)
                                                                                   : add_item(compiler, set, first);
        if (!added)
            return false;
    }
    compiler->at++;
    return true;
}
