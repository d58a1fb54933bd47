/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to the expressions of a filter. What an operand may stand for is known by its form, so types are checked where
 * it is used. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/jsonpath-tree.h"
#include "common/text.h"

#define NUMBER_MAX 64

static const struct expression *parse_or(struct path_parser *parser);
static const struct expression *parse_operand(struct path_parser *parser);

static const struct {
    const char *name;
    unsigned arguments;
    bool takes_nodes;
    bool logical; /* true or false, and no value */
} functions[] = {
    [FUNCTION_LENGTH] = {"length", 1, false, false}, [FUNCTION_COUNT] = {"count", 1, true, false},
    [FUNCTION_VALUE] = {"value", 1, true, false},    [FUNCTION_MATCH] = {"match", 2, false, true},
    [FUNCTION_SEARCH] = {"search", 2, false, true},
};

static const struct expression *make(struct path_parser *parser, const struct expression *model) {
    return path_part(parser, model, sizeof *model);
}

static const struct expression *wrong(struct path_parser *parser, size_t at, const char *what) {
    (void)fault_set(parser->fault, at, -EINVAL, "%s", what);
    return NULL;
}

/* Something that has one value at most. */
static const struct expression *check_value(struct path_parser *parser, const struct expression *operand) {
    if (operand->kind == EXPRESSION_QUERY && !operand->query->singular)
        return wrong(parser, operand->at, "this path may select several nodes where one value was expected");
    if (operand->kind == EXPRESSION_CALL && functions[operand->function].logical)
        return wrong(parser, operand->at, "this function is true or false, it has no value to be used here");
    return operand;
}

/* Something that is true or false by itself. */
static const struct expression *check_test(struct path_parser *parser, const struct expression *operand) {
    if (operand->kind == EXPRESSION_LITERAL)
        return wrong(parser, operand->at, "a constant is no test: compare it with something");
    if (operand->kind == EXPRESSION_CALL && !functions[operand->function].logical)
        return wrong(parser, operand->at, "this function gives a value: compare it with something");
    return operand;
}

static const struct expression *check_nodes(struct path_parser *parser, const struct expression *operand) {
    return operand->kind == EXPRESSION_QUERY ? operand : wrong(parser, operand->at, "a path was expected here");
}

/* The pattern of match() and search(), where it is constant. */
static bool compile_pattern(struct path_parser *parser, struct expression *call) {
    const struct expression *written = call->operands[1];
    const struct value *literal = &written->literal;

    if (written->kind != EXPRESSION_LITERAL || literal->kind != VALUE_STRING)
        return true;
    return pattern_compile_quoted(parser->arena, parser->text, written->at, literal->bytes, literal->length,
                                  PATTERN_I_REGEXP, &call->pattern, parser->fault) >= 0;
}

/* Behind the opening parenthesis. */
static const struct expression *parse_call(struct path_parser *parser, size_t at, enum function_name function) {
    struct expression call = {.kind = EXPRESSION_CALL, .at = at, .function = function};

    if (!path_enter(parser))
        return NULL;
    for (unsigned i = 0; i < functions[function].arguments; i++) {
        path_skip_space(parser);
        const struct expression *argument = parse_operand(parser);
        if (!argument)
            return NULL;
        call.operands[i] = (functions[function].takes_nodes ? check_nodes : check_value)(parser, argument);
        path_skip_space(parser);
        bool last = i + 1 == functions[function].arguments;
        if (!call.operands[i])
            return NULL;
        if (!path_accept(parser, last ? ")" : ","))
            return path_expected(parser, last ? "')'" : "',' and another argument");
    }
    parser->depth--;
    if (functions[function].logical && !compile_pattern(parser, &call))
        return NULL;
    return make(parser, &call);
}

/* A constant or a function's name: what begins with a letter. */
static const struct expression *parse_word(struct path_parser *parser) {
    static const struct {
        const char *word;
        struct value value;
    } literals[] = {
        {"true", {.kind = VALUE_BOOLEAN, .boolean = true}},
        {"false", {.kind = VALUE_BOOLEAN, .boolean = false}},
        {"null", {.kind = VALUE_NIL}},
    };
    size_t at = parser->at;
    const char *word = parser->text + at;
    size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz_0123456789");

    parser->at += length;
    if (path_accept(parser, "(")) {
        for (size_t i = 0; i < ELEMENTS(functions); i++)
            if (strlen(functions[i].name) == length && memcmp(functions[i].name, word, length) == 0)
                return parse_call(parser, at, (enum function_name)i);
        (void)fault_set(parser->fault, at, -EINVAL, "there is no function %.*s()", length < 32 ? (int)length : 32,
                        word);
        return NULL;
    }
    for (size_t i = 0; i < ELEMENTS(literals); i++)
        if (strlen(literals[i].word) == length && memcmp(literals[i].word, word, length) == 0)
            return make(parser,
                        &(struct expression){.kind = EXPRESSION_LITERAL, .at = at, .literal = literals[i].value});
    parser->at = at;
    return path_expected(parser, "@, $, a constant or a function");
}

/* JSON's grammar of numbers. */
static const struct expression *parse_number(struct path_parser *parser) {
    size_t at = parser->at, digits;
    const char *text = parser->text;
    char number[NUMBER_MAX];

    (void)path_accept(parser, "-");
    digits = strspn(text + parser->at, "0123456789");
    bool valid = digits == 1 || (digits > 1 && text[parser->at] != '0');
    parser->at += digits;
    if (path_accept(parser, ".")) {
        digits = strspn(text + parser->at, "0123456789");
        valid &= digits > 0;
        parser->at += digits;
    }
    if (path_accept(parser, "e") || path_accept(parser, "E")) {
        (void)(path_accept(parser, "+") || path_accept(parser, "-"));
        digits = strspn(text + parser->at, "0123456789");
        valid &= digits > 0;
        parser->at += digits;
    }
    size_t length = parser->at - at;
    if (!valid || length >= sizeof number)
        return wrong(parser, at, "this is not a number");
    memcpy(number, text + at, length);
    number[length] = '\0';
    return make(parser, &(struct expression){
                            .kind = EXPRESSION_LITERAL, .at = at, .literal = value_number(strtod(number, NULL))});
}

static const struct expression *parse_operand(struct path_parser *parser) {
    struct expression operand = {.kind = EXPRESSION_QUERY, .at = parser->at};
    char c = parser->text[parser->at];

    if (path_accept(parser, "@") || path_accept(parser, "$")) {
        operand.query = path_parse_query(parser, c == '$');
        return operand.query ? make(parser, &operand) : NULL;
    }
    if (c == '"' || c == '\'') {
        operand.kind = EXPRESSION_LITERAL;
        return path_parse_string(parser, &operand.literal) ? make(parser, &operand) : NULL;
    }
    return c == '-' || (c >= '0' && c <= '9') ? parse_number(parser) : parse_word(parser);
}

static bool accept_comparison(struct path_parser *parser, enum comparison *ret) {
    /* the longer before its beginning */
    static const struct {
        const char *sign;
        enum comparison comparison;
    } signs[] = {
        {"==", COMPARE_EQUAL}, {"!=", COMPARE_UNEQUAL},       {"<=", COMPARE_LESS_EQUAL},
        {"<", COMPARE_LESS},   {">=", COMPARE_GREATER_EQUAL}, {">", COMPARE_GREATER},
    };
    for (size_t i = 0; i < ELEMENTS(signs); i++)
        if (path_accept(parser, signs[i].sign)) {
            *ret = signs[i].comparison;
            return true;
        }
    return false;
}

static const struct expression *parse_comparison_or_test(struct path_parser *parser) {
    struct expression comparison = {.kind = EXPRESSION_COMPARISON, .at = parser->at};
    const struct expression *left = parse_operand(parser);

    if (!left)
        return NULL;
    size_t before = parser->at;
    path_skip_space(parser);
    if (!accept_comparison(parser, &comparison.comparison)) {
        parser->at = before;
        return check_test(parser, left);
    }
    path_skip_space(parser);
    const struct expression *right = parse_operand(parser);
    if (!right || !check_value(parser, left) || !check_value(parser, right))
        return NULL;
    comparison.operands[0] = left;
    comparison.operands[1] = right;
    return make(parser, &comparison);
}

static const struct expression *parse_parentheses(struct path_parser *parser) {
    if (!path_enter(parser))
        return NULL;
    path_skip_space(parser);
    const struct expression *inner = parse_or(parser);
    if (!inner)
        return NULL;
    path_skip_space(parser);
    parser->depth--;
    return path_accept(parser, ")") ? inner : path_expected(parser, "')'");
}

static const struct expression *parse_basic(struct path_parser *parser) {
    struct expression not = {.kind = EXPRESSION_NOT, .at = parser->at};

    if (!path_accept(parser, "!"))
        return path_accept(parser, "(") ? parse_parentheses(parser) : parse_comparison_or_test(parser);
    path_skip_space(parser);
    if (path_accept(parser, "(")) {
        not .operands[0] = parse_parentheses(parser);
    } else { /* a comparison needs parentheses here */
        const struct expression *operand = parse_operand(parser);
        not .operands[0] = operand ? check_test(parser, operand) : NULL;
    }
    return not .operands[0] ? make(parser, &not ) : NULL;
}

/* A chain of one operator. */
static const struct expression *parse_chain(struct path_parser *parser, const char *sign, enum expression_kind kind,
                                            const struct expression *(*parse)(struct path_parser *parser)) {
    const struct expression *left = parse(parser);
    while (left) {
        size_t before = parser->at;
        path_skip_space(parser);
        if (!path_accept(parser, sign)) {
            parser->at = before;
            return left;
        }
        path_skip_space(parser);
        const struct expression *right = parse(parser);
        left = right ? make(parser, &(struct expression){.kind = kind, .at = before, .operands = {left, right}}) : NULL;
    }
    return NULL;
}

static const struct expression *parse_and(struct path_parser *parser) {
    return parse_chain(parser, "&&", EXPRESSION_AND, parse_basic);
}

static const struct expression *parse_or(struct path_parser *parser) {
    return parse_chain(parser, "||", EXPRESSION_OR, parse_and);
}

const struct expression *path_parse_filter(struct path_parser *parser) {
    path_skip_space(parser);
    return parse_or(parser);
}
