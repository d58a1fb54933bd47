/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The value of an operator between two others. Kinds are checked again as values come: most of them depend on the
 * answer. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analysis/condition-tree.h"

static int concatenate(struct evaluation *evaluation, const struct node *node, const struct value *left,
                       const struct value *right, struct value *ret) {
    size_t length = (size_t)left->length + right->length;
    char *bytes = arena_take(evaluation->arena, length);
    if (!bytes)
        return fault_memory(evaluation->fault, node->at);
    memcpy(bytes, left->bytes, left->length);
    memcpy(bytes + left->length, right->bytes, right->length);
    *ret = value_string(bytes, (uint32_t)length);
    return evaluation_charge(evaluation, node, length / 64);
}

static int evaluate_range(struct evaluation *evaluation, const struct node *node, struct value *ret) {
    double from, to;
    int r = evaluate_whole(evaluation, node->children[0], &from);
    if (r >= 0)
        r = evaluate_whole(evaluation, node->children[1], &to);
    if (r < 0)
        return r;
    double n = to < from ? 0 : to - from + 1;
    if (n > CONDITION_STEPS_MAX)
        return fault_memory(evaluation->fault, node->at);
    r = evaluation_charge(evaluation, node, (size_t)n);
    if (r < 0)
        return r;
    struct value *items = arena_take(evaluation->arena, (size_t)n * sizeof *items);
    if (!items)
        return fault_memory(evaluation->fault, node->at);
    for (uint32_t i = 0; i < (uint32_t)n; i++)
        items[i] = value_number(from + i);
    *ret = (struct value){.kind = VALUE_ARRAY, .length = (uint32_t)n, .items = items};
    return 0;
}

static int evaluate_in(struct evaluation *evaluation, const struct node *node, const struct value *needle,
                       const struct value *hay, struct value *ret) {
    bool found = false;
    int r = evaluation_check(evaluation, node->children[1], hay, KIND(VALUE_ARRAY) | KIND(VALUE_MAP) | KIND(VALUE_NIL));
    if (r >= 0 && hay->kind == VALUE_MAP)
        r = evaluation_check(evaluation, node->children[0], needle, KIND(VALUE_STRING));
    if (r >= 0)
        r = evaluation_charge(evaluation, node, hay->length);
    if (r < 0)
        return r;
    if (hay->kind == VALUE_MAP)
        found = value_member(hay, needle->bytes, needle->length) != NULL;
    if (hay->kind == VALUE_ARRAY)
        for (uint32_t i = 0; i < hay->length && !found; i++)
            found = value_equal(needle, &hay->items[i], &evaluation->steps);
    *ret = value_boolean(found);
    return evaluation_charge(evaluation, node, 0);
}

static bool text_holds(enum token_kind op, const struct value *text, const struct value *part) {
    if (part->length > text->length)
        return false;
    if (part->length == 0)
        return true;
    if (op == TOKEN_CONTAINS)
        return memmem(text->bytes, text->length, part->bytes, part->length) != NULL;
    size_t at = op == TOKEN_STARTS_WITH ? 0 : text->length - part->length;
    return memcmp(text->bytes + at, part->bytes, part->length) == 0;
}

/* Less than 0, 0 or more, as memcmp(). */
static int compare_strings(const struct value *left, const struct value *right) {
    uint32_t common = left->length < right->length ? left->length : right->length;
    int order = common ? memcmp(left->bytes, right->bytes, common) : 0;
    return order ? order : (left->length > right->length) - (left->length < right->length);
}

static bool compare(enum token_kind op, const struct value *left, const struct value *right) {
    if (left->kind == VALUE_STRING) {
        int order = compare_strings(left, right);
        return op == TOKEN_LESS         ? order < 0
               : op == TOKEN_LESS_EQUAL ? order <= 0
               : op == TOKEN_GREATER    ? order > 0
                                        : order >= 0;
    }
    /* written out, because none of them holds with NaN */
    return op == TOKEN_LESS         ? left->number < right->number
           : op == TOKEN_LESS_EQUAL ? left->number <= right->number
           : op == TOKEN_GREATER    ? left->number > right->number
                                    : left->number >= right->number;
}

static int calculate(struct evaluation *evaluation, const struct node *node, const struct value *left,
                     const struct value *right, struct value *ret) {
    double a = left->number, b = right->number;
    switch ((int)node->op) {
    case TOKEN_PLUS:
        *ret = value_number(a + b);
        return 0;
    case TOKEN_MINUS:
        *ret = value_number(a - b);
        return 0;
    case TOKEN_TIMES:
        *ret = value_number(a * b);
        return 0;
    case TOKEN_DIVIDE: /* by 0: an infinity or NaN, as IEEE 754 and expr-lang have it */
        *ret = value_number(a / b);
        return 0;
    case TOKEN_POWER:
        *ret = value_number(pow(a, b));
        return 0;
    default: /* modulo */
        if (trunc(a) != a || trunc(b) != b || isinf(a) || isinf(b) || b == 0.0)
            return fault_set(evaluation->fault, node->at, -EINVAL, "%g %% %g: whole numbers are wanted, and not 0", a,
                             b);
        *ret = value_number(fmod(a, b));
        return 0;
    }
}

/* Both sides are strings. */
static int evaluate_matches(struct evaluation *evaluation, const struct node *node, const struct value *text,
                            const struct value *written, struct value *ret) {
    const struct pattern *pattern = node->pattern;
    struct error err = {.code = 0};
    struct fault inner = {.err = &err};
    int r = evaluation_charge(evaluation, node, pattern ? 0 : written->length);

    if (r < 0)
        return r;
    if (!pattern) {
        r = pattern_compile(evaluation->arena, written->bytes, written->length, PATTERN_RE2, &pattern, &inner);
        if (r < 0)
            return fault_set(evaluation->fault, node->children[1]->at, r, "in this pattern: %s", err.text);
    }
    r = pattern_match(evaluation->arena, pattern, false, text->bytes, text->length, &evaluation->steps);
    if (r < 0)
        return fault_set(evaluation->fault, node->at, r, "this takes too many steps");
    *ret = value_boolean(r == 1);
    return evaluation_charge(evaluation, node, 0);
}

/* Both sides of one kind, out of these. */
static int check_match(struct evaluation *evaluation, const struct node *node, const struct value *left,
                       const struct value *right, unsigned kinds) {
    int r = evaluation_check(evaluation, node->children[0], left, kinds);
    if (r >= 0)
        r = evaluation_check(evaluation, node->children[1], right, kinds);
    if (r < 0 || left->kind == right->kind)
        return r;
    return fault_set(evaluation->fault, node->at, -EINVAL, "this operator is between %s and %s",
                     value_kind_name(left->kind), value_kind_name(right->kind));
}

/* The operators that look at one side first. */
static int evaluate_lazy(struct evaluation *evaluation, const struct node *node, struct value *ret) {
    bool boolean;
    int r;

    if (node->op == TOKEN_COALESCE) {
        r = evaluate(evaluation, node->children[0], ret);
        return r < 0 || ret->kind != VALUE_NIL ? r : evaluate(evaluation, node->children[1], ret);
    }
    r = evaluate_boolean(evaluation, node->children[0], &boolean);
    if (r >= 0 && boolean == (node->op == TOKEN_AND))
        r = evaluate_boolean(evaluation, node->children[1], &boolean);
    if (r >= 0)
        *ret = value_boolean(boolean);
    return r;
}

int evaluate_binary(struct evaluation *evaluation, const struct node *node, struct value *ret) {
    const unsigned number = KIND(VALUE_NUMBER), string = KIND(VALUE_STRING);
    struct value left, right;
    bool equal;
    int r;

    if (node->op == TOKEN_AND || node->op == TOKEN_OR || node->op == TOKEN_COALESCE)
        return evaluate_lazy(evaluation, node, ret);
    if (node->op == TOKEN_RANGE)
        return evaluate_range(evaluation, node, ret);
    r = evaluate(evaluation, node->children[0], &left);
    if (r >= 0)
        r = evaluate(evaluation, node->children[1], &right);
    if (r < 0)
        return r;
    switch ((int)node->op) {
    case TOKEN_EQUAL:
    case TOKEN_UNEQUAL:
        if (left.kind != VALUE_NIL && right.kind != VALUE_NIL)
            r = check_match(evaluation, node, &left, &right, KIND_ANY);
        if (r < 0)
            return r;
        equal = value_equal(&left, &right, &evaluation->steps);
        *ret = value_boolean(equal == (node->op == TOKEN_EQUAL));
        return evaluation_charge(evaluation, node, 0);
    case TOKEN_LESS:
    case TOKEN_LESS_EQUAL:
    case TOKEN_GREATER:
    case TOKEN_GREATER_EQUAL:
        r = check_match(evaluation, node, &left, &right, number | string);
        if (r >= 0)
            *ret = value_boolean(compare(node->op, &left, &right));
        return r;
    case TOKEN_IN:
        return evaluate_in(evaluation, node, &left, &right, ret);
    case TOKEN_CONTAINS:
    case TOKEN_STARTS_WITH:
    case TOKEN_ENDS_WITH:
        r = check_match(evaluation, node, &left, &right, string);
        if (r >= 0)
            r = evaluation_charge(evaluation, node, left.length / 64);
        if (r >= 0)
            *ret = value_boolean(text_holds(node->op, &left, &right));
        return r;
    case TOKEN_MATCHES:
        r = check_match(evaluation, node, &left, &right, string);
        return r < 0 ? r : evaluate_matches(evaluation, node, &left, &right, ret);
    default: /* arithmetic */
        r = check_match(evaluation, node, &left, &right, node->op == TOKEN_PLUS ? number | string : number);
        if (r < 0)
            return r;
        return left.kind == VALUE_STRING ? concatenate(evaluation, node, &left, &right, ret)
                                         : calculate(evaluation, node, &left, &right, ret);
    }
}
