/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operators, by precedence climbing with expr-lang's precedences. Depth and nodes are bounded, so recursion is. */
#include <errno.h>
#include <string.h>

#include "analysis/condition-parser.h"
#include "analysis/condition-type.h"
#include "common/text.h"

static unsigned binary_precedence(enum token_kind kind) {
    static const unsigned precedences[] = {
        [TOKEN_OR] = 10,
        [TOKEN_AND] = 15,
        [TOKEN_IN] = 20,
        [TOKEN_CONTAINS] = 20,
        [TOKEN_STARTS_WITH] = 20,
        [TOKEN_ENDS_WITH] = 20,
        [TOKEN_MATCHES] = 20,
        [TOKEN_EQUAL] = 20,
        [TOKEN_UNEQUAL] = 20,
        [TOKEN_LESS] = 20,
        [TOKEN_LESS_EQUAL] = 20,
        [TOKEN_GREATER] = 20,
        [TOKEN_GREATER_EQUAL] = 20,
        [TOKEN_RANGE] = 25,
        [TOKEN_PLUS] = 30,
        [TOKEN_MINUS] = 30,
        [TOKEN_TIMES] = 60,
        [TOKEN_DIVIDE] = 60,
        [TOKEN_MODULO] = 60,
        [TOKEN_POWER] = 100,
        [TOKEN_COALESCE] = 500,
    };
    return kind < ELEMENTS(precedences) ? precedences[kind] : 0;
}

static bool is_comparison(enum token_kind kind) {
    return kind >= TOKEN_LESS && kind <= TOKEN_GREATER_EQUAL;
}

void parser_advance(struct parser *parser) {
    if (lexer_next(&parser->lexer, &parser->token) < 0)
        parser->token = (struct token){.kind = TOKEN_END, .at = parser->lexer.at};
}

bool parser_accept(struct parser *parser, enum token_kind kind) {
    if (parser->token.kind != kind)
        return false;
    parser_advance(parser);
    return true;
}

bool parser_expect(struct parser *parser, enum token_kind kind, const char *what) {
    return parser_accept(parser, kind) || parser_fail(parser, what);
}

const struct node *parser_fail(struct parser *parser, const char *expected) {
    const struct token *token = &parser->token;
    const char *word = parser->lexer.text + token->at;
    char shown[40];
    (void)text_escape(shown, sizeof shown, word, token->length);

    if (token->kind == TOKEN_END)
        (void)fault_set(parser->lexer.fault, token->at, -EINVAL, "the condition ends where %s was expected", expected);
    else if (token->kind == TOKEN_UNSUPPORTED)
        (void)fault_set(parser->lexer.fault, token->at, -EINVAL, "'%s' is not supported", shown);
    else
        (void)fault_set(parser->lexer.fault, token->at, -EINVAL, "'%s' where %s was expected", shown, expected);
    parser->token.kind = TOKEN_END;
    return NULL;
}

const struct node *parser_node(struct parser *parser, const struct node *model, const struct node *const *children,
                               uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (!children[i])
            return NULL;
    if (++parser->n_nodes > CONDITION_NODES_MAX) {
        (void)fault_set(parser->lexer.fault, model->at, -E2BIG, "the condition has more than %d parts",
                        CONDITION_NODES_MAX);
        return NULL;
    }
    struct node *node = arena_take(parser->lexer.arena, sizeof *node + n * sizeof *children);
    if (!node) {
        (void)fault_memory(parser->lexer.fault, model->at);
        return NULL;
    }
    *node = *model;
    node->n = n;
    if (n)
        memcpy(node->children, children, n * sizeof *children);
    return type_node(node, parser->lexer.fault) < 0 ? NULL : node;
}

static const struct node *make_binary(struct parser *parser, const struct token *token, enum token_kind op,
                                      const struct node *left, const struct node *right) {
    return parser_node(parser, &(struct node){.kind = NODE_BINARY, .op = op, .at = token->at},
                       (const struct node *const[]){left, right}, 2);
}

/* A constant pattern is compiled now, so that it is checked with the condition, and once. */
static const struct node *make_matches(struct parser *parser, const struct token *token, const struct node *left,
                                       const struct node *right) {
    struct node model = {.kind = NODE_BINARY, .op = TOKEN_MATCHES, .at = token->at};
    const struct lexer *lexer = &parser->lexer;

    if (right && right->kind == NODE_LITERAL && right->value.kind == VALUE_STRING &&
        pattern_compile_quoted(lexer->arena, lexer->text, right->at, right->value.bytes, right->value.length,
                               PATTERN_RE2, &model.pattern, lexer->fault) < 0)
        return NULL;
    return parser_node(parser, &model, (const struct node *const[]){left, right}, 2);
}

/* Behind the first sign: a < b < c is a < b and b < c. */
static const struct node *parse_comparison(struct parser *parser, struct token token, const struct node *left) {
    const struct node *whole = NULL;
    for (;;) {
        const struct node *right = parse_expression(parser, binary_precedence(token.kind) + 1);
        const struct node *comparison = make_binary(parser, &token, token.kind, left, right);
        whole = whole ? make_binary(parser, &token, TOKEN_AND, whole, comparison) : comparison;
        if (!whole || !is_comparison(parser->token.kind))
            return whole;
        left = right;
        token = parser->token;
        parser_advance(parser);
    }
}

/* Behind an operator and its left side. */
static const struct node *parse_right(struct parser *parser, const struct token *token, bool negated,
                                      const struct node *left) {
    if (is_comparison(token->kind))
        return parse_comparison(parser, *token, left);
    parser->asks_for_data |= token->kind == TOKEN_COALESCE;
    unsigned precedence = binary_precedence(token->kind);
    bool from_right = token->kind == TOKEN_POWER;
    const struct node *right = parse_expression(parser, from_right ? precedence : precedence + 1);
    const struct node *whole = token->kind == TOKEN_MATCHES ? make_matches(parser, token, left, right)
                                                            : make_binary(parser, token, token->kind, left, right);
    return negated
               ? parser_node(parser, &(struct node){.kind = NODE_UNARY, .op = TOKEN_NOT, .at = token->at}, &whole, 1)
               : whole;
}

/* Operators of at least this precedence, and what is between them. */
static const struct node *parse_operators(struct parser *parser, unsigned precedence) {
    enum token_kind previous = TOKEN_END;
    const struct node *left = parse_operand(parser);

    while (left) {
        const struct parser before = *parser;
        bool negated = parser_accept(parser, TOKEN_NOT);
        const struct token token = parser->token;
        if (negated && (token.kind < TOKEN_IN || token.kind > TOKEN_MATCHES))
            return parser_fail(parser, "in, contains, startsWith, endsWith or matches");
        if (!binary_precedence(token.kind) || binary_precedence(token.kind) < precedence) {
            *parser = before;
            return left;
        }
        if (previous == TOKEN_COALESCE && token.kind != TOKEN_COALESCE)
            return parser_fail(parser, "?? (put parentheses around it before another operator)");
        previous = token.kind;
        parser_advance(parser);
        left = parse_right(parser, &token, negated, left);
    }
    return NULL;
}

/* Behind the question mark; a ?: b is a ? a : b. */
static const struct node *parse_conditional(struct parser *parser, uint32_t at, const struct node *condition) {
    const struct node *parts[3] = {condition, condition, NULL};

    if (parser->token.kind != TOKEN_COLON)
        parts[1] = parse_expression(parser, 0);
    if (parts[1] && parser_expect(parser, TOKEN_COLON, "':'"))
        parts[2] = parse_expression(parser, 0);
    return parser_node(parser, &(struct node){.kind = NODE_CONDITIONAL, .at = at}, parts, 3);
}

const struct node *parse_expression(struct parser *parser, unsigned precedence) {
    if (++parser->depth > CONDITION_DEPTH_MAX) {
        (void)fault_set(parser->lexer.fault, parser->token.at, -E2BIG, "this is nested too deeply");
        return NULL;
    }
    const struct node *node = parse_operators(parser, precedence);
    uint32_t at = parser->token.at;
    while (node && precedence == 0 && parser_accept(parser, TOKEN_QUESTION)) {
        node = parse_conditional(parser, at, node);
        at = parser->token.at;
    }
    parser->depth--;
    return node;
}

int parse_condition(struct arena *arena, struct condition *condition, struct fault *fault) {
    struct parser parser = {.lexer = {.text = condition->text, .arena = arena, .fault = fault}};

    parser_advance(&parser);
    const struct node *root = parse_expression(&parser, 0);
    if (root && parser.token.kind != TOKEN_END)
        (void)parser_fail(&parser, "an operator");
    if (fault->code < 0)
        return fault->code;
    condition->root = root;
    condition->asks_for_data = parser.asks_for_data;
    condition->uses_baseline = parser.uses_baseline;
    return 0;
}
