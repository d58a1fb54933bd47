/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patterns to programs, in one pass: what has been compiled is moved and copied where an operator behind it says so. */
#include <errno.h>
#include <string.h>

#include "analysis/pattern-program.h"
#include "common/text.h"

#define UNBOUNDED UINT32_MAX

static bool compile_alternatives(struct compiler *compiler);

bool compiler_fail(struct compiler *compiler, size_t at, const char *what) {
    (void)fault_set(compiler->fault, at, -EINVAL, "%s", what);
    return false;
}

static bool next_is(const struct compiler *compiler, char c) {
    return compiler->at < compiler->length && compiler->text[compiler->at] == c;
}

bool compiler_accept(struct compiler *compiler, const char *word) {
    size_t length = strlen(word);
    if (compiler->length - compiler->at < length || memcmp(compiler->text + compiler->at, word, length) != 0)
        return false;
    compiler->at += length;
    return true;
}

bool compiler_emit(struct compiler *compiler, const struct instruction *instruction) {
    struct instruction *grown = NULL;
    if (compiler->n >= PATTERN_PROGRAM_MAX) {
        (void)fault_set(compiler->fault, compiler->at, -E2BIG, "the pattern is too large: it has more than %d parts",
                        PATTERN_PROGRAM_MAX);
        return false;
    }
    const struct instruction copy = *instruction; /* it may be one of those that move */
    grown = arena_grow(compiler->arena, compiler->code, compiler->n, &compiler->capacity, sizeof *grown);
    if (!grown) {
        (void)fault_memory(compiler->fault, compiler->at);
        return false;
    }
    compiler->code = grown;
    compiler->code[compiler->n++] = copy;
    return true;
}

static bool emit_jump(struct compiler *compiler, enum instruction_kind kind, ptrdiff_t x, ptrdiff_t y) {
    return compiler_emit(compiler, &(struct instruction){.kind = kind, .x = (int32_t)x, .y = (int32_t)y});
}

static bool emit_place(struct compiler *compiler, enum place place) {
    return compiler_emit(compiler, &(struct instruction){.kind = DO_ASSERT, .place = place});
}

static bool emit_set(struct compiler *compiler, const struct set_builder *set, bool negated) {
    return compiler_emit(compiler, &(struct instruction){.kind = DO_TAKE,
                                                         .set = {.ranges = set->ranges,
                                                                 .n = (uint32_t)set->n,
                                                                 .negated = negated,
                                                                 .fold = compiler->fold}});
}

/* Puts a split before what begins at start. */
static bool insert_split(struct compiler *compiler, size_t start, ptrdiff_t y) {
    if (!emit_jump(compiler, DO_SPLIT, 1, y))
        return false;
    const struct instruction split = compiler->code[compiler->n - 1];
    memmove(compiler->code + start + 1, compiler->code + start, (compiler->n - 1 - start) * sizeof split);
    compiler->code[start] = split;
    return true;
}

static bool emit_copy(struct compiler *compiler, size_t start, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!compiler_emit(compiler, &compiler->code[start + i]))
            return false;
    return true;
}

/* Repeats what begins at start and ends the program so far. */
static bool repeat(struct compiler *compiler, size_t start, uint32_t min, uint32_t max) {
    size_t length = compiler->n - start;
    uint32_t copies = min > 0 ? 1 : 0; /* of what must be there */

    if (length == 0)
        return true;
    if (max == 0) {
        compiler->n = start;
        return true;
    }
    if (min == 0 && max == UNBOUNDED)
        return insert_split(compiler, start, (ptrdiff_t)length + 2) &&
               emit_jump(compiler, DO_JUMP, -(ptrdiff_t)length - 1, 0);
    for (; copies < min; copies++)
        if (copies > 0 && !emit_copy(compiler, start, length))
            return false;
    if (max == UNBOUNDED)
        return emit_jump(compiler, DO_SPLIT, -(ptrdiff_t)length, 1);
    /* from each that may be there, the way past all of them */
    for (; copies < max; copies++) {
        ptrdiff_t past = (ptrdiff_t)(length + 1) * (max - copies);
        if (copies == 0) {
            if (!insert_split(compiler, start, past))
                return false;
            start++;
        } else if (!emit_jump(compiler, DO_SPLIT, 1, past) || !emit_copy(compiler, start, length)) {
            return false;
        }
    }
    return true;
}

static bool parse_count(struct compiler *compiler, uint32_t *ret) {
    size_t start = compiler->at;
    uint32_t count = 0;
    while (compiler->at < compiler->length && strchr("0123456789", compiler->text[compiler->at]) &&
           compiler->text[compiler->at] && count <= PATTERN_REPEAT_MAX)
        count = count * 10 + (uint32_t)(compiler->text[compiler->at++] - '0');
    *ret = count;
    return compiler->at > start;
}

/* A quantifier, if one is next. */
static bool accept_quantifier(struct compiler *compiler, uint32_t *ret_min, uint32_t *ret_max) {
    size_t start = compiler->at;
    if (compiler_accept(compiler, "*") || compiler_accept(compiler, "+") || compiler_accept(compiler, "?")) {
        char c = compiler->text[start];
        *ret_min = c == '+' ? 1 : 0;
        *ret_max = c == '?' ? 1 : UNBOUNDED;
        return true;
    }
    if (compiler_accept(compiler, "{") && parse_count(compiler, ret_min)) {
        *ret_max = *ret_min;
        if (compiler_accept(compiler, ",") && !parse_count(compiler, ret_max))
            *ret_max = UNBOUNDED;
        if (compiler_accept(compiler, "}"))
            return true;
        if (*ret_min > PATTERN_REPEAT_MAX || (*ret_max > PATTERN_REPEAT_MAX && *ret_max != UNBOUNDED))
            return true; /* the digits were not read to their end; told by the caller */
    }
    compiler->at = start; /* an open brace of other meaning */
    return false;
}

/* What stands behind an atom that began at start. */
static bool compile_quantifiers(struct compiler *compiler, size_t start) {
    uint32_t min, max;
    size_t at = compiler->at;

    if (!accept_quantifier(compiler, &min, &max))
        return true;
    if (min > PATTERN_REPEAT_MAX || (max > PATTERN_REPEAT_MAX && max != UNBOUNDED) || min > max)
        return compiler_fail(compiler, at, "this is not a number of repetitions (at most 1000)");
    if (!repeat(compiler, start, min, max))
        return false;
    if (compiler->syntax == PATTERN_RE2)
        (void)compiler_accept(compiler, "?"); /* lazy: no difference to whether it matches */
    at = compiler->at;
    return !accept_quantifier(compiler, &min, &max) || compiler_fail(compiler, at, "a repetition is repeated here");
}

/* Behind '(?': flags up to ':' or ')'. Returns whether a group follows. */
static bool parse_flags(struct compiler *compiler, size_t open, bool *ret_group) {
    bool on = true;
    while (compiler->at < compiler->length) {
        char c = compiler->text[compiler->at++];
        if (c == ':' || c == ')') {
            *ret_group = c == ':';
            return true;
        }
        if (c == '-' && on)
            on = false;
        else if (c == 'i')
            compiler->fold = on;
        else if (c == 's')
            compiler->dot_all = on;
        else if (c == 'm')
            compiler->many_lines = on;
        else
            break;
    }
    return compiler_fail(compiler, open, "this is not a group that is supported");
}

/* Behind '(?P<' or '(?<'. */
static bool skip_group_name(struct compiler *compiler, size_t open) {
    size_t start = compiler->at;
    while (compiler->at < compiler->length && compiler->text[compiler->at] != '>')
        compiler->at++;
    return (compiler->at > start && compiler_accept(compiler, ">")) ||
           compiler_fail(compiler, open, "this is not the name of a group");
}

/* Behind '('. *ret_atom: whether it is something that can be repeated. */
static bool compile_group(struct compiler *compiler, bool *ret_atom) {
    const struct compiler before = *compiler;
    size_t open = compiler->at - 1;

    *ret_atom = true;
    if (compiler->syntax == PATTERN_RE2) {
        if (compiler_accept(compiler, "?P<") || compiler_accept(compiler, "?<")) {
            if (!skip_group_name(compiler, open))
                return false;
        } else if (compiler_accept(compiler, "?")) {
            if (!parse_flags(compiler, open, ret_atom))
                return false;
            if (!*ret_atom)
                return true;
        }
    }
    if (++compiler->depth > PATTERN_DEPTH_MAX) {
        (void)fault_set(compiler->fault, open, -E2BIG, "this is nested too deeply");
        return false;
    }
    if (!compile_alternatives(compiler))
        return false;
    compiler->depth--;
    compiler->fold = before.fold;
    compiler->dot_all = before.dot_all;
    compiler->many_lines = before.many_lines;
    return compiler_accept(compiler, ")") || compiler_fail(compiler, open, "this parenthesis is not closed");
}

static bool compile_dot(struct compiler *compiler) {
    struct set_builder set = {.n = 0};
    if (!compiler->dot_all && !set_add(compiler, &set, '\n', '\n'))
        return false;
    if (compiler->syntax == PATTERN_I_REGEXP && !set_add(compiler, &set, '\r', '\r'))
        return false;
    return emit_set(compiler, &set, true);
}

static bool compile_character(struct compiler *compiler) {
    struct set_builder set = {.n = 0};
    size_t length;
    uint32_t character = pattern_character(compiler->text + compiler->at, compiler->length - compiler->at, &length);
    compiler->at += length;
    return set_add(compiler, &set, character, character) && emit_set(compiler, &set, false);
}

static bool compile_class(struct compiler *compiler) {
    struct set_builder set = {.n = 0};
    bool negated;
    return set_add_class(compiler, &set, &negated) && emit_set(compiler, &set, negated);
}

/* \Q...\E: literal; a repetition behind it is about the last character. */
static bool compile_quoted(struct compiler *compiler, size_t *start) {
    while (compiler->at < compiler->length && !compiler_accept(compiler, "\\E")) {
        *start = compiler->n;
        if (!compile_character(compiler))
            return false;
    }
    return true;
}

/* Behind '\'. */
static bool compile_escape(struct compiler *compiler, size_t *start) {
    static const struct {
        const char *word;
        enum place place;
    } places[] = {{"A", TEXT_BEGIN}, {"z", TEXT_END}, {"b", WORD_EDGE}, {"B", NO_WORD_EDGE}};
    struct set_builder set = {.n = 0};
    uint32_t single;
    bool is_single;

    if (compiler->syntax == PATTERN_RE2) {
        for (size_t i = 0; i < ELEMENTS(places); i++)
            if (compiler_accept(compiler, places[i].word))
                return emit_place(compiler, places[i].place);
        if (compiler_accept(compiler, "Q"))
            return compile_quoted(compiler, start);
    }
    return set_add_escape(compiler, &set, &is_single, &single) && emit_set(compiler, &set, false);
}

/* One thing that can be repeated, which begins at *start. */
static bool compile_atom(struct compiler *compiler, size_t *start, bool *ret_atom) {
    size_t at = compiler->at;
    bool re2 = compiler->syntax == PATTERN_RE2;
    uint32_t min, max;

    *ret_atom = true;
    if (accept_quantifier(compiler, &min, &max))
        return compiler_fail(compiler, at, "there is nothing to repeat here");
    if (compiler_accept(compiler, "("))
        return compile_group(compiler, ret_atom);
    if (compiler_accept(compiler, "["))
        return compile_class(compiler);
    if (compiler_accept(compiler, "\\"))
        return compile_escape(compiler, start);
    if (compiler_accept(compiler, "."))
        return compile_dot(compiler);
    if (compiler_accept(compiler, "^"))
        return emit_place(compiler, compiler->many_lines ? LINE_BEGIN : TEXT_BEGIN);
    if (compiler_accept(compiler, "$"))
        return emit_place(compiler, compiler->many_lines ? LINE_END : TEXT_END);
    if (!re2 && (next_is(compiler, '{') || next_is(compiler, '}') || next_is(compiler, ']')))
        return compiler_fail(compiler, at, "this character needs a backslash");
    return compile_character(compiler);
}

static bool compile_sequence(struct compiler *compiler) {
    while (compiler->at < compiler->length && !next_is(compiler, '|') && !next_is(compiler, ')')) {
        size_t start = compiler->n;
        bool atom;
        if (!compile_atom(compiler, &start, &atom) || (atom && !compile_quantifiers(compiler, start)))
            return false;
    }
    return true;
}

/* Each alternative but the last has a split before it and a jump past all behind it; the jumps not yet known are a
 * list, each with the distance to the one before it. */
static bool compile_alternatives(struct compiler *compiler) {
    size_t start = compiler->n, jump = 0;

    for (;;) {
        if (!compile_sequence(compiler))
            return false;
        if (!compiler_accept(compiler, "|"))
            break;
        if (!insert_split(compiler, start, (ptrdiff_t)(compiler->n - start) + 2) ||
            !emit_jump(compiler, DO_JUMP, jump ? (ptrdiff_t)(compiler->n - jump) : 0, 0))
            return false;
        jump = compiler->n - 1;
        start = compiler->n;
    }
    while (jump) {
        size_t before = compiler->code[jump].x ? jump - (size_t)compiler->code[jump].x : 0;
        compiler->code[jump].x = (int32_t)(compiler->n - jump);
        jump = before;
    }
    return true;
}

int pattern_compile(struct arena *arena, const char *text, size_t length, enum pattern_syntax syntax,
                    const struct pattern **ret, struct fault *fault) {
    struct compiler compiler = {.text = text, .length = length, .syntax = syntax, .arena = arena, .fault = fault};

    if (!compile_alternatives(&compiler))
        return fault->code;
    if (compiler.at < length)
        return fault_set(fault, compiler.at, -EINVAL, "there is no parenthesis that this one closes");
    struct pattern *pattern = arena_take(arena, sizeof *pattern);
    if (!pattern)
        return fault_memory(fault, length);
    if (!compiler_emit(&compiler, &(struct instruction){.kind = DO_END}))
        return fault->code;
    *pattern = (struct pattern){.code = compiler.code, .n = (uint32_t)compiler.n};
    *ret = pattern;
    return 0;
}

int pattern_compile_quoted(struct arena *arena, const char *text, size_t at, const char *bytes, size_t length,
                           enum pattern_syntax syntax, const struct pattern **ret, struct fault *fault) {
    struct error err = {.code = 0};
    struct fault inner = {.err = &err};
    int r = pattern_compile(arena, bytes, length, syntax, ret, &inner);

    if (r >= 0)
        return r;
    bool as_written = strncmp(text + at + 1, bytes, inner.at) == 0;
    return fault_set(fault, as_written ? at + 1 + inner.at : at, r, "in this pattern: %s", err.text);
}
