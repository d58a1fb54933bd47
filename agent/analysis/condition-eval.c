/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The value of a tree. Kinds are checked again as values come: most of them depend on the answer. */
#include <errno.h>
#include <math.h>

#include "analysis/condition-tree.h"

#define EXACT_MAX 9007199254740992.0 /* 2^53: beyond, a double has no whole numbers of its own */

/* What evaluating a nil's optional field gives to the fields behind it: nil as well. */
#define CHAIN_ENDED 1

int evaluation_charge(struct evaluation *evaluation, const struct node *node, size_t n) {
    evaluation->steps = n < evaluation->steps ? evaluation->steps - (uint32_t)n : 0;
    if (evaluation->steps > 0)
        return 0;
    return fault_set(evaluation->fault, node->at, -E2BIG, "this takes too many steps");
}

int evaluation_check(struct evaluation *evaluation, const struct node *node, const struct value *value,
                     unsigned kinds) {
    char wanted[80];
    if (kinds & KIND(value->kind))
        return 0;
    return fault_set(evaluation->fault, node->at, -EINVAL, "this is %s where %s was expected",
                     value_kind_name(value->kind), kinds_name(kinds, wanted));
}

int evaluate_as(struct evaluation *evaluation, const struct node *node, unsigned kinds, struct value *ret) {
    int r = evaluate(evaluation, node, ret);
    return r < 0 ? r : evaluation_check(evaluation, node, ret, kinds);
}

int evaluate_boolean(struct evaluation *evaluation, const struct node *node, bool *ret) {
    struct value value;
    int r = evaluate_as(evaluation, node, KIND(VALUE_BOOLEAN), &value);
    if (r >= 0)
        *ret = value.boolean;
    return r;
}

int evaluate_whole(struct evaluation *evaluation, const struct node *node, double *ret) {
    struct value value;
    int r = evaluate_as(evaluation, node, KIND(VALUE_NUMBER), &value);
    if (r < 0)
        return r;
    if (trunc(value.number) != value.number || fabs(value.number) > EXACT_MAX)
        return fault_set(evaluation->fault, node->at, -EINVAL, "%g is not a whole number", value.number);
    *ret = value.number;
    return 0;
}

static int item_at(struct evaluation *evaluation, const struct node *node, const struct value *array, double index,
                   struct value *ret) {
    double at = index < 0 ? index + array->length : index;
    if (at < 0 || at >= array->length)
        return fault_set(evaluation->fault, node->at, -ERANGE, "index %.0f is out of range: the array has %u item%s",
                         index, array->length, array->length == 1 ? "" : "s");
    *ret = array->items[(uint32_t)at];
    return 0;
}

/* May give CHAIN_ENDED. */
static int evaluate_index(struct evaluation *evaluation, const struct node *node, struct value *ret) {
    const struct node *of_node = node->children[0], *index_node = node->children[1];
    struct value of, index;
    double at = 0;
    int r = of_node->kind == NODE_INDEX ? evaluate_index(evaluation, of_node, &of) : evaluate(evaluation, of_node, &of);

    if (r == CHAIN_ENDED || (r >= 0 && node->optional && of.kind == VALUE_NIL)) {
        *ret = (struct value){.kind = VALUE_NIL};
        return CHAIN_ENDED;
    }
    if (r >= 0)
        r = evaluation_check(evaluation, of_node, &of, KIND(VALUE_ARRAY) | KIND(VALUE_MAP));
    if (r >= 0)
        r = of.kind == VALUE_ARRAY ? evaluate_whole(evaluation, index_node, &at)
                                   : evaluate_as(evaluation, index_node, KIND(VALUE_STRING), &index);
    if (r >= 0)
        r = evaluation_charge(evaluation, node, of.kind == VALUE_MAP ? of.length : 1);
    if (r < 0)
        return r;
    if (of.kind == VALUE_ARRAY)
        return item_at(evaluation, node, &of, at, ret);
    const struct value *found = value_member(&of, index.bytes, index.length);
    *ret = found ? *found : (struct value){.kind = VALUE_NIL};
    return 0;
}

/* Bounds beyond the array are brought back into it. */
static int evaluate_slice(struct evaluation *evaluation, const struct node *node, struct value *ret) {
    struct value array;
    int r = evaluate_as(evaluation, node->children[0], KIND(VALUE_ARRAY), &array);
    if (r < 0)
        return r;
    double bound[2];
    for (int i = 0; i < 2; i++) {
        r = evaluate_whole(evaluation, node->children[i + 1], &bound[i]);
        if (r < 0)
            return r;
        bound[i] = bound[i] < 0 ? fmax(bound[i] + array.length, 0) : fmin(bound[i], array.length);
    }
    uint32_t from = (uint32_t)fmin(bound[0], bound[1]), to = (uint32_t)bound[1];
    *ret = (struct value){.kind = VALUE_ARRAY, .length = to - from, .items = array.items + (to > from ? from : 0)};
    return 0;
}

static int evaluate_children(struct evaluation *evaluation, const struct node *node, struct value *values) {
    int r = 0;
    for (uint32_t i = 0; i < node->n && r >= 0; i++)
        r = evaluate(evaluation, node->children[i], &values[i]);
    return r;
}

static int evaluate_array(struct evaluation *evaluation, const struct node *node, struct value *ret) {
    struct value *items = arena_take(evaluation->arena, node->n * sizeof *items);
    if (!items)
        return fault_memory(evaluation->fault, node->at);
    *ret = (struct value){.kind = VALUE_ARRAY, .length = node->n, .items = items};
    return evaluate_children(evaluation, node, items);
}

static int evaluate_map(struct evaluation *evaluation, const struct node *node, struct value *ret) {
    struct member *members = arena_take(evaluation->arena, node->n / 2 * sizeof *members);
    int r = 0;
    if (!members)
        return fault_memory(evaluation->fault, node->at);
    for (uint32_t i = 0; i < node->n / 2 && r >= 0; i++) {
        r = evaluate_as(evaluation, node->children[2 * i], KIND(VALUE_STRING), &members[i].key);
        if (r >= 0)
            r = evaluate(evaluation, node->children[2 * i + 1], &members[i].value);
    }
    *ret = (struct value){.kind = VALUE_MAP, .length = node->n / 2, .members = members};
    return r;
}

/* The arguments of a function; of a predicate the first one only, the function evaluates the other. */
static int evaluate_call(struct evaluation *evaluation, const struct node *node, struct value *ret) {
    const struct function *function = node->function;
    uint32_t n = node->kind == NODE_PREDICATE ? 1 : node->n;
    struct value *arguments = arena_take(evaluation->arena, n * sizeof *arguments);
    int r = 0;

    if (!arguments)
        return fault_memory(evaluation->fault, node->at);
    for (uint32_t i = 0; i < n && r >= 0; i++)
        r = evaluate_as(evaluation, node->children[i], function->takes[i > 0], &arguments[i]);
    return r < 0 ? r : function->call(evaluation, node, arguments, n, ret);
}

static int evaluate_unary(struct evaluation *evaluation, const struct node *node, struct value *ret) {
    struct value value;
    bool negated = node->op == TOKEN_NOT;
    int r = evaluate_as(evaluation, node->children[0], negated ? KIND(VALUE_BOOLEAN) : KIND(VALUE_NUMBER), &value);
    if (r < 0)
        return r;
    *ret = negated ? value_boolean(!value.boolean) : node->op == TOKEN_MINUS ? value_number(-value.number) : value;
    return 0;
}

int evaluate(struct evaluation *evaluation, const struct node *node, struct value *ret) {
    bool holds;
    int r = evaluation_charge(evaluation, node, 1);
    if (r < 0)
        return r;
    switch (node->kind) {
    case NODE_LITERAL:
        *ret = node->value;
        return 0;
    case NODE_RESULT:
        *ret = *evaluation->inputs->result;
        return 0;
    case NODE_BASELINE:
        if (!evaluation->inputs->baseline)
            return fault_set(evaluation->fault, node->at, -EINVAL, "there is no baseline to compare with");
        *ret = *evaluation->inputs->baseline;
        return 0;
    case NODE_ELEMENT:
        *ret = *evaluation->element;
        return 0;
    case NODE_UNARY:
        return evaluate_unary(evaluation, node, ret);
    case NODE_BINARY:
        return evaluate_binary(evaluation, node, ret);
    case NODE_CONDITIONAL:
        r = evaluate_boolean(evaluation, node->children[0], &holds);
        return r < 0 ? r : evaluate(evaluation, node->children[holds ? 1 : 2], ret);
    case NODE_INDEX:
        r = evaluate_index(evaluation, node, ret);
        return r < 0 ? r : 0;
    case NODE_SLICE:
        return evaluate_slice(evaluation, node, ret);
    case NODE_ARRAY:
        return evaluate_array(evaluation, node, ret);
    case NODE_MAP:
        return evaluate_map(evaluation, node, ret);
    case NODE_CALL:
    case NODE_PREDICATE:
        return evaluate_call(evaluation, node, ret);
    }
    return 0;
}
