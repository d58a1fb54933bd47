/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the condition language share: tokens, the tree, the functions. Nobody else includes this. */
#ifndef ROLLOUT_ANALYSIS_CONDITION_TREE_H
#define ROLLOUT_ANALYSIS_CONDITION_TREE_H

#include "analysis/condition.h"
#include "analysis/fault.h"
#include "analysis/pattern.h"

/* --- tokens --- */

enum token_kind {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_STRING,
    TOKEN_NAME,
    TOKEN_UNSUPPORTED, /* a word of expr-lang that isn't in our part of it */
    /* operators */
    TOKEN_NOT,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_IN,
    TOKEN_CONTAINS,
    TOKEN_STARTS_WITH,
    TOKEN_ENDS_WITH,
    TOKEN_MATCHES,
    TOKEN_EQUAL,
    TOKEN_UNEQUAL,
    TOKEN_LESS,
    TOKEN_LESS_EQUAL,
    TOKEN_GREATER,
    TOKEN_GREATER_EQUAL,
    TOKEN_RANGE,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_TIMES,
    TOKEN_DIVIDE,
    TOKEN_MODULO,
    TOKEN_POWER,
    TOKEN_COALESCE,
    /* punctuation */
    TOKEN_QUESTION,
    TOKEN_COLON,
    TOKEN_DOT,
    TOKEN_OPTIONAL_DOT,
    TOKEN_COMMA,
    TOKEN_ELEMENT,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_OPEN_ARRAY,
    TOKEN_CLOSE_ARRAY,
    TOKEN_OPEN_MAP,
    TOKEN_CLOSE_MAP,
};

struct token {
    enum token_kind kind;
    uint32_t at, length; /* bytes of the text */
    struct value value;  /* of a literal */
};

/* A place in a text; copied to look ahead. The text ends in NUL. */
struct lexer {
    const char *text;
    uint32_t at;
    struct arena *arena;
    struct fault *fault;
};

int lexer_next(struct lexer *lexer, struct token *ret);

/* --- types: the kinds that a value may have, as a mask --- */

#define KIND(kind) (1u << (kind))
#define KIND_ANY (KIND(VALUE_MAP) * 2 - 1)

/* "a number", "a string or an array", ... */
const char *kinds_name(unsigned kinds, char buffer[static 80]);

/* --- the tree --- */

enum node_kind {
    NODE_LITERAL,
    NODE_RESULT,
    NODE_BASELINE,
    NODE_ELEMENT,
    NODE_UNARY,
    NODE_BINARY,
    NODE_CONDITIONAL, /* condition, then, else */
    NODE_INDEX,       /* of, index */
    NODE_SLICE,       /* of, from, to */
    NODE_ARRAY,
    NODE_MAP, /* key, value, key, value, ... */
    NODE_CALL,
    NODE_PREDICATE, /* array, predicate */
};

struct function;

struct node {
    enum node_kind kind;
    enum token_kind op; /* unary and binary */
    unsigned kinds;     /* what its value may be */
    uint32_t at;        /* byte of the text, for errors */
    uint32_t n;         /* children */
    bool optional;      /* index: nil of nil, and with it all that follows */
    union {
        struct value value;              /* literal */
        const struct function *function; /* call, predicate */
        const struct pattern *pattern;   /* matches with a constant, else NULL */
    };
    const struct node *children[];
};

/* Fills all but the text, which is given. */
int parse_condition(struct arena *arena, struct condition *condition, struct fault *fault);

/* --- evaluation --- */

struct evaluation {
    struct arena *arena;
    const struct condition_inputs *inputs;
    const struct value *element; /* # of the innermost predicate, NULL outside */
    uint32_t steps;              /* left */
    struct fault *fault;
};

int evaluate(struct evaluation *evaluation, const struct node *node, struct value *ret);

int evaluate_binary(struct evaluation *evaluation, const struct node *node, struct value *ret);

/* The same where only some kinds, a boolean, or a whole number will do. */
int evaluate_as(struct evaluation *evaluation, const struct node *node, unsigned kinds, struct value *ret);
int evaluate_boolean(struct evaluation *evaluation, const struct node *node, bool *ret);
int evaluate_whole(struct evaluation *evaluation, const struct node *node, double *ret);

/* Fails unless the node's value is of one of the kinds. */
int evaluation_check(struct evaluation *evaluation, const struct node *node, const struct value *value, unsigned kinds);

/* Takes n steps; -E2BIG when none are left. */
int evaluation_charge(struct evaluation *evaluation, const struct node *node, size_t n);

/* --- functions --- */

#define ARGUMENTS_MAX 64

struct function {
    const char *name;
    unsigned n_min, n_max;
    unsigned takes[2]; /* kinds of the first argument, and of the others */
    unsigned gives;
    bool predicate;     /* the second argument is evaluated for every element of the first */
    bool asks_for_data; /* see struct condition */
    /* The arguments are of the right number and kinds. */
    int (*call)(struct evaluation *evaluation, const struct node *node, const struct value *arguments, size_t n,
                struct value *ret);
};

/* NULL if there is none of that name. */
const struct function *function_find(const char *name, size_t length);

#endif
