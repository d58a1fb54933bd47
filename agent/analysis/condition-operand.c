/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands between operators: literals, names, calls, lists, and the fields and indices behind them. */
#include <errno.h>
#include <string.h>

#include "analysis/condition-parser.h"
#include "common/text.h"

#define PRECEDENCE_NOT 50
#define PRECEDENCE_SIGN 90

/* Children while their number is not yet known. */
struct list {
    const struct node *nodes[ARGUMENTS_MAX];
    uint32_t n;
};

static bool is_word(const struct parser *parser, const struct token *token, const char *word) {
    return token->length == strlen(word) && memcmp(parser->lexer.text + token->at, word, token->length) == 0;
}

static const struct node *literal(struct parser *parser, uint32_t at, struct value value) {
    return parser_node(parser, &(struct node){.kind = NODE_LITERAL, .at = at, .value = value}, NULL, 0);
}

static bool list_add(struct parser *parser, struct list *list, const struct node *node) {
    if (node && list->n == ARGUMENTS_MAX)
        (void)fault_set(parser->lexer.fault, node->at, -E2BIG, "this list has more than %d items", ARGUMENTS_MAX);
    if (!node || list->n == ARGUMENTS_MAX)
        return false;
    list->nodes[list->n++] = node;
    return true;
}

/* Expressions up to a closing sign; a comma may stand behind the last. */
static bool parse_list(struct parser *parser, enum token_kind close, const char *what, struct list *list) {
    while (parser->token.kind != close) {
        if (!list_add(parser, list, parse_expression(parser, 0)))
            return false;
        if (!parser_accept(parser, TOKEN_COMMA))
            break;
    }
    return parser_expect(parser, close, what);
}

static const struct node *parse_array(struct parser *parser, uint32_t at) {
    struct list list = {.n = 0};
    if (!parse_list(parser, TOKEN_CLOSE_ARRAY, "',' or ']'", &list))
        return NULL;
    return parser_node(parser, &(struct node){.kind = NODE_ARRAY, .at = at}, list.nodes, list.n);
}

static const struct node *parse_map_key(struct parser *parser) {
    const struct token token = parser->token;

    if (token.kind == TOKEN_OPEN)
        return parse_expression(parser, 0);
    if (parser_accept(parser, TOKEN_STRING))
        return literal(parser, token.at, token.value);
    if (parser_accept(parser, TOKEN_NAME))
        return literal(parser, token.at, value_string(parser->lexer.text + token.at, token.length));
    return parser_fail(parser, "a key (a name, a string or an expression in parentheses)");
}

static const struct node *parse_map(struct parser *parser, uint32_t at) {
    struct list list = {.n = 0};

    while (parser->token.kind != TOKEN_CLOSE_MAP) {
        if (!list_add(parser, &list, parse_map_key(parser)) || !parser_expect(parser, TOKEN_COLON, "':'") ||
            !list_add(parser, &list, parse_expression(parser, 0)))
            return NULL;
        if (!parser_accept(parser, TOKEN_COMMA))
            break;
    }
    if (!parser_expect(parser, TOKEN_CLOSE_MAP, "',' or '}'"))
        return NULL;
    return parser_node(parser, &(struct node){.kind = NODE_MAP, .at = at}, list.nodes, list.n);
}

/* What is evaluated for every element, with or without braces. */
static const struct node *parse_predicate(struct parser *parser) {
    bool braces = parser_accept(parser, TOKEN_OPEN_MAP);
    parser->predicates++;
    const struct node *node = parse_expression(parser, 0);
    parser->predicates--;
    return node && braces && !parser_expect(parser, TOKEN_CLOSE_MAP, "'}'") ? NULL : node;
}

/* An array and, where the function can do without, perhaps a predicate. */
static bool parse_predicate_arguments(struct parser *parser, struct list *list) {
    if (!list_add(parser, list, parse_expression(parser, 0)))
        return false;
    if (parser_accept(parser, TOKEN_COMMA) && parser->token.kind != TOKEN_CLOSE) {
        if (!list_add(parser, list, parse_predicate(parser)))
            return false;
        (void)parser_accept(parser, TOKEN_COMMA);
    }
    return parser_expect(parser, TOKEN_CLOSE, "')'");
}

/* Behind the opening parenthesis. */
static const struct node *parse_call(struct parser *parser, const struct token *name) {
    const char *word = parser->lexer.text + name->at;
    const struct function *function = function_find(word, name->length);
    struct list list = {.n = 0};

    if (!function) {
        (void)fault_set(parser->lexer.fault, name->at, -EINVAL, "there is no function %.*s()",
                        name->length < 32 ? (int)name->length : 32, word);
        return NULL;
    }
    parser->asks_for_data |= function->asks_for_data;
    if (!(function->predicate ? parse_predicate_arguments(parser, &list)
                              : parse_list(parser, TOKEN_CLOSE, "',' or ')'", &list)))
        return NULL;
    enum node_kind kind = function->predicate ? NODE_PREDICATE : NODE_CALL;
    return parser_node(parser, &(struct node){.kind = kind, .at = name->at, .function = function}, list.nodes, list.n);
}

static const struct node *parse_name(struct parser *parser) {
    static const struct {
        const char *word;
        struct value value;
    } literals[] = {
        {"true", {.kind = VALUE_BOOLEAN, .boolean = true}},
        {"false", {.kind = VALUE_BOOLEAN, .boolean = false}},
        {"nil", {.kind = VALUE_NIL}},
        {"null", {.kind = VALUE_NIL}},
    };
    const struct token name = parser->token;

    parser_advance(parser);
    if (parser_accept(parser, TOKEN_OPEN))
        return parse_call(parser, &name);
    for (size_t i = 0; i < ELEMENTS(literals); i++)
        if (is_word(parser, &name, literals[i].word)) {
            parser->asks_for_data |= literals[i].value.kind == VALUE_NIL;
            return literal(parser, name.at, literals[i].value);
        }
    if (is_word(parser, &name, "result"))
        return parser_node(parser, &(struct node){.kind = NODE_RESULT, .at = name.at}, NULL, 0);
    if (is_word(parser, &name, "baseline")) {
        parser->uses_baseline = true;
        return parser_node(parser, &(struct node){.kind = NODE_BASELINE, .at = name.at}, NULL, 0);
    }
    (void)fault_set(parser->lexer.fault, name.at, -EINVAL, "unknown name '%.*s', the answer is called result",
                    name.length < 32 ? (int)name.length : 32, parser->lexer.text + name.at);
    return NULL;
}

static const struct node *parse_unary(struct parser *parser, const struct token *token) {
    unsigned precedence = token->kind == TOKEN_NOT ? PRECEDENCE_NOT : PRECEDENCE_SIGN;
    const struct node *operand = parse_expression(parser, precedence);
    return parser_node(parser, &(struct node){.kind = NODE_UNARY, .op = token->kind, .at = token->at}, &operand, 1);
}

static const struct node *parse_parentheses(struct parser *parser) {
    const struct node *node = parse_expression(parser, 0);
    return node && parser_expect(parser, TOKEN_CLOSE, "')'") ? node : NULL;
}

static const struct node *parse_primary(struct parser *parser) {
    const struct token token = parser->token;

    if (token.kind == TOKEN_NAME)
        return parse_name(parser);
    if (parser_accept(parser, TOKEN_NUMBER) || parser_accept(parser, TOKEN_STRING))
        return literal(parser, token.at, token.value);
    if (parser_accept(parser, TOKEN_NOT) || parser_accept(parser, TOKEN_MINUS) || parser_accept(parser, TOKEN_PLUS))
        return parse_unary(parser, &token);
    if (parser_accept(parser, TOKEN_OPEN))
        return parse_parentheses(parser);
    if (parser_accept(parser, TOKEN_OPEN_ARRAY))
        return parse_array(parser, token.at);
    if (parser_accept(parser, TOKEN_OPEN_MAP))
        return parse_map(parser, token.at);
    /* .x is #.x: the dot stays */
    if (parser->predicates > 0 && (token.kind == TOKEN_DOT || parser_accept(parser, TOKEN_ELEMENT)))
        return parser_node(parser, &(struct node){.kind = NODE_ELEMENT, .at = token.at}, NULL, 0);
    return parser_fail(parser, "a value");
}

static const struct node *make_index(struct parser *parser, bool optional, uint32_t at, const struct node *of,
                                     const struct node *index) {
    return parser_node(parser, &(struct node){.kind = NODE_INDEX, .at = at, .optional = optional},
                       (const struct node *const[]){of, index}, 2);
}

/* Behind a dot; operators that are words are names here. */
static const struct node *parse_field(struct parser *parser, bool optional, const struct node *of) {
    const struct token name = parser->token;
    const char *word = parser->lexer.text + name.at;
    bool letter = (*word | 0x20) >= 'a' && (*word | 0x20) <= 'z';

    if (name.kind == TOKEN_END || !(letter || *word == '_' || *word == '$'))
        return parser_fail(parser, "the name of a field");
    parser_advance(parser);
    return make_index(parser, optional, name.at, of, literal(parser, name.at, value_string(word, name.length)));
}

/* Behind an opening bracket: an index or a slice. */
static const struct node *parse_index(struct parser *parser, bool optional, uint32_t at, const struct node *of) {
    bool from = parser->token.kind != TOKEN_COLON;
    const struct node *parts[3] = {of};

    parts[1] = from ? parse_expression(parser, 0) : literal(parser, at, value_number(0));
    bool slice = parser_accept(parser, TOKEN_COLON);
    if (slice)
        parts[2] = parser->token.kind == TOKEN_CLOSE_ARRAY ? literal(parser, at, value_number(UINT32_MAX))
                                                           : parse_expression(parser, 0);
    if (!parts[1] || (slice && !parts[2]) || !parser_expect(parser, TOKEN_CLOSE_ARRAY, "']'"))
        return NULL;
    return slice ? parser_node(parser, &(struct node){.kind = NODE_SLICE, .at = at}, parts, 3)
                 : make_index(parser, optional, at, of, parts[1]);
}

const struct node *parse_operand(struct parser *parser) {
    const struct node *node = parse_primary(parser);

    while (node) {
        uint32_t at = parser->token.at;
        bool optional = parser_accept(parser, TOKEN_OPTIONAL_DOT);
        if (parser_accept(parser, TOKEN_OPEN_ARRAY)) /* a?.[0] too */
            node = parse_index(parser, optional, at, node);
        else if (optional || parser_accept(parser, TOKEN_DOT))
            node = parse_field(parser, optional, node);
        else
            return node;
    }
    return NULL;
}
