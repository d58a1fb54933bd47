/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a JSONPath is compiled to, and what its parts share; in the RFC's words. Only jsonpath*.c include this. */
#ifndef ROLLOUT_ANALYSIS_JSONPATH_TREE_H
#define ROLLOUT_ANALYSIS_JSONPATH_TREE_H

#include "analysis/fault.h"
#include "analysis/jsonpath.h"
#include "analysis/pattern.h"

enum selector_kind { SELECT_NAME, SELECT_WILDCARD, SELECT_INDEX, SELECT_SLICE, SELECT_FILTER };

struct selector {
    enum selector_kind kind;
    const struct selector *next;
    union {
        struct value name; /* a string */
        int64_t index;
        struct {
            int64_t start, end, step;
            bool has_start, has_end;
        } slice;
        const struct expression *filter;
    };
};

struct segment {
    bool descendant;
    const struct selector *selectors;
    const struct segment *next;
};

struct query {
    bool from_root; /* $, else @ */
    bool singular;  /* gives one node at most, by its form */
    const struct segment *segments;
};

enum expression_kind {
    EXPRESSION_OR,
    EXPRESSION_AND,
    EXPRESSION_NOT,
    EXPRESSION_COMPARISON,
    EXPRESSION_LITERAL,
    EXPRESSION_QUERY, /* in a test: that it selects something */
    EXPRESSION_CALL,
};

enum comparison {
    COMPARE_EQUAL,
    COMPARE_UNEQUAL,
    COMPARE_LESS,
    COMPARE_LESS_EQUAL,
    COMPARE_GREATER,
    COMPARE_GREATER_EQUAL
};

enum function_name { FUNCTION_LENGTH, FUNCTION_COUNT, FUNCTION_VALUE, FUNCTION_MATCH, FUNCTION_SEARCH };

struct expression {
    enum expression_kind kind;
    enum comparison comparison;
    enum function_name function;
    size_t at; /* byte of the text, for errors */
    struct value literal;
    const struct query *query;
    const struct pattern *pattern; /* match and search with a constant pattern */
    const struct expression *operands[2];
};

/* --- compiling: the first failure stays, NULL is what failed --- */

struct path_parser {
    const char *text;
    size_t at;
    unsigned depth;
    unsigned parts;
    struct arena *arena;
    struct fault *fault;
};

/* Fails at the next character, which isn't what was expected. Returns NULL. */
void *path_expected(struct path_parser *parser, const char *what);

/* A copy of a part of the path that lives as long as the arena. */
void *path_part(struct path_parser *parser, const void *model, size_t size);

void path_skip_space(struct path_parser *parser);
bool path_accept(struct path_parser *parser, const char *word);

/* One level deeper; false, failed, beyond the bound. */
bool path_enter(struct path_parser *parser);

/* Behind $ or @. */
const struct query *path_parse_query(struct path_parser *parser, bool from_root);

/* A string in either quotes, with the opening one next. */
bool path_parse_string(struct path_parser *parser, struct value *ret);

/* Behind the question mark of a filter. */
const struct expression *path_parse_filter(struct path_parser *parser);

/* --- evaluating --- */

struct path_evaluation {
    struct arena *arena;
    const struct value *root;
    uint32_t steps; /* left */
};

/* What takes the nodes of a query, in order: 0 to go on, 1 to stop, negative errno. */
struct node_sink {
    int (*take)(struct node_sink *sink, struct path_evaluation *evaluation, const struct value *node);
    const struct value *first;
    uint32_t count;
};

/* Takes n steps; -E2BIG when none are left. */
int path_charge(struct path_evaluation *evaluation, size_t n);

/* Gives the query's nodes to the sink; node is what @ means. */
int path_query(struct path_evaluation *evaluation, const struct query *query, const struct value *node,
               struct node_sink *sink);

/* Whether a filter holds for a node. */
int path_test(struct path_evaluation *evaluation, const struct expression *expression, const struct value *node,
              bool *ret);

#endif
