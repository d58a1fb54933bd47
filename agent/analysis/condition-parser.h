/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two halves of the parser: operators (condition-parse.c) and what stands between them (condition-operand.c).
 * The first failure stays and turns the next token into the end, so that every loop ends; NULL is a node that failed,
 * and a node of a NULL child is NULL. */
#ifndef ROLLOUT_ANALYSIS_CONDITION_PARSER_H
#define ROLLOUT_ANALYSIS_CONDITION_PARSER_H

#include "analysis/condition-tree.h"

struct parser {
    struct lexer lexer;
    struct token token;  /* the next one */
    unsigned depth;      /* of expressions in expressions */
    unsigned predicates; /* open ones: # has a meaning */
    uint32_t n_nodes;
    bool asks_for_data, uses_baseline;
};

void parser_advance(struct parser *parser);

/* Takes the next token if it is of the kind. */
bool parser_accept(struct parser *parser, enum token_kind kind);

/* Takes the next token, which must be of the kind. */
bool parser_expect(struct parser *parser, enum token_kind kind, const char *what);

/* Fails at the next token, which isn't what was expected. Returns NULL. */
const struct node *parser_fail(struct parser *parser, const char *expected);

/* A typed node over its children. `kind`, `op`, `at`, ... are taken from the model, its kinds and children are not. */
const struct node *parser_node(struct parser *parser, const struct node *model, const struct node *const *children,
                               uint32_t n);

const struct node *parse_expression(struct parser *parser, unsigned precedence);

/* A value with its fields, indices and slices; a sign or `not` with what it applies to. */
const struct node *parse_operand(struct parser *parser);

#endif
