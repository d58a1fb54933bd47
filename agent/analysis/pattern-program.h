/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a pattern is compiled to, and what its compiler's parts share. Only pattern-*.c include this. */
#ifndef ROLLOUT_ANALYSIS_PATTERN_PROGRAM_H
#define ROLLOUT_ANALYSIS_PATTERN_PROGRAM_H

#include "analysis/pattern.h"

struct range {
    uint32_t from, to; /* characters, both included */
};

struct set {
    const struct range *ranges;
    uint32_t n;
    bool negated;
    bool fold; /* ASCII's letters in both cases */
};

enum instruction_kind {
    DO_TAKE,   /* a character of the set, then the next instruction */
    DO_SPLIT,  /* both here + x and here + y */
    DO_JUMP,   /* here + x */
    DO_ASSERT, /* the next instruction, if this is such a place */
    DO_END,    /* matched */
};

enum place { TEXT_BEGIN, TEXT_END, LINE_BEGIN, LINE_END, WORD_EDGE, NO_WORD_EDGE };

/* Jumps are relative, so that a piece of a program can be copied and moved. */
struct instruction {
    enum instruction_kind kind;
    enum place place;
    int32_t x, y;
    struct set set;
};

struct pattern {
    const struct instruction *code;
    uint32_t n;
};

/* The character at a place, and its length; U+FFFD of one byte for what isn't UTF-8, as Go has it. */
uint32_t pattern_character(const char *at, size_t left, size_t *ret_length);

bool pattern_set_has(const struct set *set, uint32_t character);

/* --- compiling --- */

struct compiler {
    const char *text;
    size_t length, at;
    enum pattern_syntax syntax;
    bool fold, dot_all, many_lines; /* flags i, s, m */
    unsigned depth;
    struct arena *arena;
    struct instruction *code;
    size_t n, capacity;
    struct fault *fault;
};

/* Returns false, so that what fails can end with it. */
bool compiler_fail(struct compiler *compiler, size_t at, const char *what);

bool compiler_emit(struct compiler *compiler, const struct instruction *instruction);

/* Takes these characters if they are next. */
bool compiler_accept(struct compiler *compiler, const char *word);

/* --- sets of characters --- */

struct set_builder {
    struct range *ranges;
    size_t n, capacity;
};

bool set_add(struct compiler *compiler, struct set_builder *set, uint32_t from, uint32_t to);

/* Behind '\': a class such as \d is added to the set, or a character is added and given in *ret_single. */
bool set_add_escape(struct compiler *compiler, struct set_builder *set, bool *ret_is_single, uint32_t *ret_single);

/* Behind '[': up to its ']'. */
bool set_add_class(struct compiler *compiler, struct set_builder *set, bool *ret_negated);

#endif
