/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a filter holds for a node. A value that isn't there (the RFC's Nothing) is NULL. */
#include <errno.h>
#include <string.h>

#include "analysis/jsonpath-tree.h"

static int take_first(struct node_sink *sink, struct path_evaluation *evaluation, const struct value *node) {
    sink->first = node;
    sink->count = 1;
    return 1; /* enough */
}

static int take_count(struct node_sink *sink, struct path_evaluation *evaluation, const struct value *node) {
    sink->first = node;
    sink->count++;
    return 0;
}

static int run(struct path_evaluation *evaluation, const struct query *query, const struct value *node,
               struct node_sink *sink) {
    int r = path_query(evaluation, query, node, sink);
    return r < 0 ? r : 0;
}

/* The operand's value; room is for one that is not part of the answer. */
static int operand_value(struct path_evaluation *evaluation, const struct expression *operand, const struct value *node,
                         struct value *room, const struct value **ret);

static int call_length(struct path_evaluation *evaluation, const struct value *of, struct value *room,
                       const struct value **ret) {
    *ret = NULL;
    if (!of || of->kind < VALUE_STRING)
        return 0;
    uint32_t length = of->length;
    for (uint32_t i = 0; of->kind == VALUE_STRING && i < of->length; i++)
        length -= ((unsigned char)of->bytes[i] & 0xc0) == 0x80; /* in characters */
    *room = value_number(length);
    *ret = room;
    return path_charge(evaluation, of->kind == VALUE_STRING ? of->length / 64 : 0);
}

static int call_value(struct path_evaluation *evaluation, const struct expression *call, const struct value *node,
                      struct value *room, const struct value **ret) {
    struct node_sink sink = {.take = take_count};
    const struct value *argument = NULL;
    int r;

    if (call->function == FUNCTION_LENGTH) {
        r = operand_value(evaluation, call->operands[0], node, room, &argument);
        return r < 0 ? r : call_length(evaluation, argument, room, ret);
    }
    r = run(evaluation, call->operands[0]->query, node, &sink);
    if (call->function == FUNCTION_COUNT) {
        *room = value_number(sink.count);
        *ret = room;
    } else {
        *ret = sink.count == 1 ? sink.first : NULL;
    }
    return r;
}

static int operand_value(struct path_evaluation *evaluation, const struct expression *operand, const struct value *node,
                         struct value *room, const struct value **ret) {
    struct node_sink sink = {.take = take_first};
    int r;

    if (operand->kind == EXPRESSION_CALL)
        return call_value(evaluation, operand, node, room, ret);
    if (operand->kind == EXPRESSION_LITERAL) {
        *ret = &operand->literal;
        return 0;
    }
    r = run(evaluation, operand->query, node, &sink);
    *ret = sink.first;
    return r;
}

/* match() and search(): false with anything but two strings, and with a pattern that is none. */
static int test_pattern(struct path_evaluation *evaluation, const struct expression *call, const struct value *node,
                        bool *ret) {
    struct value rooms[2];
    const struct value *text = NULL, *written = NULL;
    const struct pattern *pattern = call->pattern;
    struct fault fault = {.err = NULL};
    int r = operand_value(evaluation, call->operands[0], node, &rooms[0], &text);

    if (r >= 0)
        r = operand_value(evaluation, call->operands[1], node, &rooms[1], &written);
    *ret = false;
    if (r < 0 || !text || text->kind != VALUE_STRING || !written || written->kind != VALUE_STRING)
        return r;
    if (!pattern) {
        r = path_charge(evaluation, written->length);
        if (r >= 0 &&
            pattern_compile(evaluation->arena, written->bytes, written->length, PATTERN_I_REGEXP, &pattern, &fault) < 0)
            return fault.code == -EINVAL ? 0 : fault.code;
    }
    if (r >= 0)
        r = pattern_match(evaluation->arena, pattern, call->function == FUNCTION_MATCH, text->bytes, text->length,
                          &evaluation->steps);
    *ret = r == 1;
    return r < 0 ? r : 0;
}

static bool are_equal(struct path_evaluation *evaluation, const struct value *left, const struct value *right) {
    return left && right ? value_equal(left, right, &evaluation->steps) : left == right;
}

static bool is_less(const struct value *left, const struct value *right) {
    if (!left || !right || left->kind != right->kind)
        return false;
    if (left->kind == VALUE_NUMBER)
        return left->number < right->number;
    if (left->kind != VALUE_STRING)
        return false;
    uint32_t common = left->length < right->length ? left->length : right->length;
    int order = common ? memcmp(left->bytes, right->bytes, common) : 0;
    return order ? order < 0 : left->length < right->length;
}

static bool compare(struct path_evaluation *evaluation, enum comparison comparison, const struct value *left,
                    const struct value *right) {
    switch (comparison) {
    case COMPARE_EQUAL:
        return are_equal(evaluation, left, right);
    case COMPARE_UNEQUAL:
        return !are_equal(evaluation, left, right);
    case COMPARE_LESS:
        return is_less(left, right);
    case COMPARE_LESS_EQUAL:
        return is_less(left, right) || are_equal(evaluation, left, right);
    case COMPARE_GREATER:
        return is_less(right, left);
    case COMPARE_GREATER_EQUAL:
        return is_less(right, left) || are_equal(evaluation, left, right);
    }
    return false;
}

static int test_comparison(struct path_evaluation *evaluation, const struct expression *expression,
                           const struct value *node, bool *ret) {
    struct value rooms[2];
    const struct value *left = NULL, *right = NULL;
    int r = operand_value(evaluation, expression->operands[0], node, &rooms[0], &left);
    if (r >= 0)
        r = operand_value(evaluation, expression->operands[1], node, &rooms[1], &right);
    if (r >= 0)
        *ret = compare(evaluation, expression->comparison, left, right);
    return r < 0 ? r : path_charge(evaluation, 1);
}

int path_test(struct path_evaluation *evaluation, const struct expression *expression, const struct value *node,
              bool *ret) {
    struct node_sink sink = {.take = take_first};
    int r;

    *ret = false;
    switch (expression->kind) {
    case EXPRESSION_OR:
    case EXPRESSION_AND:
        r = path_test(evaluation, expression->operands[0], node, ret);
        return r < 0 || *ret == (expression->kind == EXPRESSION_OR)
                   ? r
                   : path_test(evaluation, expression->operands[1], node, ret);
    case EXPRESSION_NOT:
        r = path_test(evaluation, expression->operands[0], node, ret);
        *ret = !*ret;
        return r;
    case EXPRESSION_COMPARISON:
        return test_comparison(evaluation, expression, node, ret);
    case EXPRESSION_QUERY:
        r = run(evaluation, expression->query, node, &sink);
        *ret = sink.count > 0;
        return r;
    case EXPRESSION_CALL:
        return test_pattern(evaluation, expression, node, ret);
    case EXPRESSION_LITERAL:
        break; /* never a test */
    }
    return 0;
}
