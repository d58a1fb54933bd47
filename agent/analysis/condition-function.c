/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a condition may call. A further function is one row of the table. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/condition-tree.h"
#include "common/text.h"

#define BOOLEAN KIND(VALUE_BOOLEAN)
#define NUMBER KIND(VALUE_NUMBER)
#define STRING KIND(VALUE_STRING)
#define ARRAY KIND(VALUE_ARRAY)
#define MAP KIND(VALUE_MAP)

#define CALL(name)                                                                                                   \
    static int name(struct evaluation *evaluation, const struct node *node, const struct value *arguments, size_t n, \
                    struct value *ret)

CALL(call_len) {
    *ret = value_number(arguments->length);
    if (arguments->kind == VALUE_STRING) { /* in characters */
        uint32_t characters = 0;
        for (uint32_t i = 0; i < arguments->length; i++)
            characters += ((unsigned char)arguments->bytes[i] & 0xc0) != 0x80;
        *ret = value_number(characters);
    }
    return evaluation_charge(evaluation, node, arguments->length / 64);
}

CALL(call_is_nan) {
    *ret = value_boolean(isnan(arguments->number));
    return 0;
}

CALL(call_is_inf) {
    *ret = value_boolean(isinf(arguments->number));
    return 0;
}

CALL(call_is_nil) {
    *ret = value_boolean(arguments->kind == VALUE_NIL);
    return 0;
}

CALL(call_default) {
    *ret = arguments[arguments[0].kind == VALUE_NIL];
    return 0;
}

/* A number, also out of a string that is one and nothing else. */
CALL(call_float) {
    char text[64] = "", *end = text;
    double number = arguments->number;
    if (arguments->kind == VALUE_STRING) {
        size_t length = arguments->length;
        if (length > 0 && length < sizeof text) {
            memcpy(text, arguments->bytes, length);
            text[length] = '\0';
            if (strspn(text, "+-.0123456789eEINafinty") == length) /* no white space, nothing hexadecimal */
                number = strtod(text, &end);
        }
        if (end == text || *end)
            return fault_set(evaluation->fault, node->at, -EINVAL, "%s() of a string that is not a number",
                             node->function->name);
    }
    *ret = value_number(number);
    return 0;
}

CALL(call_int) {
    struct value number;
    int r = call_float(evaluation, node, arguments, n, &number);
    if (r < 0)
        return r;
    double whole = trunc(number.number);
    if (isnan(whole) || isinf(whole) || (arguments->kind == VALUE_STRING && whole != number.number))
        return fault_set(evaluation->fault, node->at, -EINVAL, "%s() of what is not a whole number",
                         node->function->name);
    *ret = value_number(whole);
    return 0;
}

CALL(call_abs) {
    *ret = value_number(fabs(arguments->number));
    return 0;
}

CALL(call_ceil) {
    *ret = value_number(ceil(arguments->number));
    return 0;
}

CALL(call_floor) {
    *ret = value_number(floor(arguments->number));
    return 0;
}

CALL(call_round) {
    *ret = value_number(round(arguments->number));
    return 0;
}

/* The numbers of all arguments, in one list: arrays count as their items. */
static int gather(struct evaluation *evaluation, const struct node *node, const struct value *arguments, size_t n,
                  double **ret_numbers, size_t *ret_n) {
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += arguments[i].kind == VALUE_ARRAY ? arguments[i].length : 1;
    int r = evaluation_charge(evaluation, node, total);
    if (r < 0)
        return r;
    double *numbers = arena_take(evaluation->arena, total * sizeof *numbers), *to = numbers;
    if (!numbers)
        return fault_memory(evaluation->fault, node->at);
    for (size_t i = 0; i < n; i++) {
        bool array = arguments[i].kind == VALUE_ARRAY;
        const struct value *item = array ? arguments[i].items : &arguments[i];
        for (uint32_t left = array ? arguments[i].length : 1; left > 0; left--, item++) {
            if (item->kind != VALUE_NUMBER)
                return fault_set(evaluation->fault, node->at, -EINVAL, "%s() of %s in an array", node->function->name,
                                 value_kind_name(item->kind));
            *to++ = item->number;
        }
    }
    *ret_numbers = numbers;
    *ret_n = total;
    return 0;
}

static int gather_some(struct evaluation *evaluation, const struct node *node, const struct value *arguments, size_t n,
                       double **ret_numbers, size_t *ret_n) {
    int r = gather(evaluation, node, arguments, n, ret_numbers, ret_n);
    if (r >= 0 && *ret_n == 0)
        r = fault_set(evaluation->fault, node->at, -ERANGE, "%s() of an empty array", node->function->name);
    return r;
}

/* Of numbers with a NaN among them, NaN: it must not hide behind the others. */
static int extreme(struct evaluation *evaluation, const struct node *node, const struct value *arguments, size_t n,
                   double sign, struct value *ret) {
    double *numbers;
    size_t total;
    int r = gather_some(evaluation, node, arguments, n, &numbers, &total);
    if (r < 0)
        return r;
    double found = numbers[0];
    for (size_t i = 1; i < total && !isnan(found); i++)
        if (isnan(numbers[i]) || numbers[i] * sign > found * sign)
            found = numbers[i];
    *ret = value_number(found);
    return 0;
}

CALL(call_min) {
    return extreme(evaluation, node, arguments, n, -1, ret);
}

CALL(call_max) {
    return extreme(evaluation, node, arguments, n, 1, ret);
}

CALL(call_mean) {
    double *numbers, sum = 0;
    size_t total;
    int r = gather_some(evaluation, node, arguments, n, &numbers, &total);
    if (r < 0)
        return r;
    for (size_t i = 0; i < total; i++)
        sum += numbers[i];
    *ret = value_number(sum / (double)total);
    return 0;
}

/* NaN sorts before everything, so that the order is total. */
static int compare_numbers(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    if (isnan(left) || isnan(right))
        return !!isnan(right) - !!isnan(left);
    return (left > right) - (left < right);
}

CALL(call_median) {
    double *numbers;
    size_t total;
    int r = gather_some(evaluation, node, arguments, n, &numbers, &total);
    if (r < 0)
        return r;
    qsort(numbers, total, sizeof *numbers, compare_numbers);
    double median = total % 2 ? numbers[total / 2] : (numbers[total / 2 - 1] + numbers[total / 2]) / 2;
    *ret = value_number(isnan(numbers[0]) ? NAN : median);
    return 0;
}

/* Evaluates the predicate for one element, which becomes #. Without a predicate: the element itself. */
static int apply(struct evaluation *evaluation, const struct node *node, const struct value *element, unsigned kinds,
                 struct value *ret) {
    const struct value *outer = evaluation->element;
    const struct node *predicate = node->n > 1 ? node->children[1] : NULL;
    int r = 0;

    *ret = *element;
    evaluation->element = element;
    if (predicate)
        r = evaluate(evaluation, predicate, ret);
    evaluation->element = outer;
    if (r >= 0 && !(kinds & KIND(ret->kind))) {
        char wanted[80];
        r = fault_set(evaluation->fault, predicate ? predicate->at : node->at, -EINVAL,
                      "this is %s where %s was expected", value_kind_name(ret->kind), kinds_name(kinds, wanted));
    }
    return r < 0 ? r : evaluation_charge(evaluation, node, 1);
}

/* For how many elements the predicate holds; looks no further than `enough`. */
static int count_holding(struct evaluation *evaluation, const struct node *node, const struct value *array, bool wanted,
                         uint32_t enough, uint32_t *ret) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < array->length && count < enough; i++) {
        struct value holds;
        int r = apply(evaluation, node, &array->items[i], BOOLEAN, &holds);
        if (r < 0)
            return r;
        count += holds.boolean == wanted;
    }
    *ret = count;
    return 0;
}

CALL(call_all) {
    uint32_t count;
    int r = count_holding(evaluation, node, arguments, false, 1, &count);
    if (r >= 0)
        *ret = value_boolean(count == 0);
    return r;
}

CALL(call_any) {
    uint32_t count;
    int r = count_holding(evaluation, node, arguments, true, 1, &count);
    if (r >= 0)
        *ret = value_boolean(count == 1);
    return r;
}

CALL(call_none) {
    uint32_t count;
    int r = count_holding(evaluation, node, arguments, true, 1, &count);
    if (r >= 0)
        *ret = value_boolean(count == 0);
    return r;
}

CALL(call_one) {
    uint32_t count;
    int r = count_holding(evaluation, node, arguments, true, 2, &count);
    if (r >= 0)
        *ret = value_boolean(count == 1);
    return r;
}

CALL(call_count) {
    uint32_t count;
    int r = count_holding(evaluation, node, arguments, true, UINT32_MAX, &count);
    if (r >= 0)
        *ret = value_number(count);
    return r;
}

CALL(call_sum) {
    double sum = 0;
    for (uint32_t i = 0; i < arguments->length; i++) {
        struct value term;
        int r = apply(evaluation, node, &arguments->items[i], NUMBER, &term);
        if (r < 0)
            return r;
        sum += term.number;
    }
    *ret = value_number(sum);
    return 0;
}

CALL(call_map) {
    struct value *items = arena_take(evaluation->arena, arguments->length * sizeof *items);
    if (!items)
        return fault_memory(evaluation->fault, node->at);
    for (uint32_t i = 0; i < arguments->length; i++) {
        int r = apply(evaluation, node, &arguments->items[i], KIND_ANY, &items[i]);
        if (r < 0)
            return r;
    }
    *ret = (struct value){.kind = VALUE_ARRAY, .length = arguments->length, .items = items};
    return 0;
}

CALL(call_filter) {
    struct value *items = arena_take(evaluation->arena, arguments->length * sizeof *items), holds;
    uint32_t kept = 0;
    if (!items)
        return fault_memory(evaluation->fault, node->at);
    for (uint32_t i = 0; i < arguments->length; i++) {
        int r = apply(evaluation, node, &arguments->items[i], BOOLEAN, &holds);
        if (r < 0)
            return r;
        if (holds.boolean)
            items[kept++] = arguments->items[i];
    }
    *ret = (struct value){.kind = VALUE_ARRAY, .length = kept, .items = items};
    return 0;
}

/* name, arguments from to, kinds of the first and the others, kind of the value, predicate, asks for data */
static const struct function functions[] = {
    {"len", 1, 1, {STRING | ARRAY | MAP, 0}, NUMBER, false, true, call_len},
    {"isNaN", 1, 1, {NUMBER, 0}, BOOLEAN, false, false, call_is_nan},
    {"isInf", 1, 1, {NUMBER, 0}, BOOLEAN, false, false, call_is_inf},
    {"isNil", 1, 1, {KIND_ANY, 0}, BOOLEAN, false, true, call_is_nil},
    {"default", 2, 2, {KIND_ANY, KIND_ANY}, KIND_ANY, false, true, call_default},
    {"asInt", 1, 1, {NUMBER | STRING, 0}, NUMBER, false, false, call_int},
    {"int", 1, 1, {NUMBER | STRING, 0}, NUMBER, false, false, call_int},
    {"asFloat", 1, 1, {NUMBER | STRING, 0}, NUMBER, false, false, call_float},
    {"float", 1, 1, {NUMBER | STRING, 0}, NUMBER, false, false, call_float},
    {"abs", 1, 1, {NUMBER, 0}, NUMBER, false, false, call_abs},
    {"ceil", 1, 1, {NUMBER, 0}, NUMBER, false, false, call_ceil},
    {"floor", 1, 1, {NUMBER, 0}, NUMBER, false, false, call_floor},
    {"round", 1, 1, {NUMBER, 0}, NUMBER, false, false, call_round},
    {"min", 1, ARGUMENTS_MAX, {NUMBER | ARRAY, NUMBER | ARRAY}, NUMBER, false, false, call_min},
    {"max", 1, ARGUMENTS_MAX, {NUMBER | ARRAY, NUMBER | ARRAY}, NUMBER, false, false, call_max},
    {"mean", 1, ARGUMENTS_MAX, {NUMBER | ARRAY, NUMBER | ARRAY}, NUMBER, false, false, call_mean},
    {"median", 1, ARGUMENTS_MAX, {NUMBER | ARRAY, NUMBER | ARRAY}, NUMBER, false, false, call_median},
    {"sum", 1, 2, {ARRAY, NUMBER}, NUMBER, true, false, call_sum},
    {"all", 2, 2, {ARRAY, BOOLEAN}, BOOLEAN, true, false, call_all},
    {"any", 2, 2, {ARRAY, BOOLEAN}, BOOLEAN, true, false, call_any},
    {"none", 2, 2, {ARRAY, BOOLEAN}, BOOLEAN, true, false, call_none},
    {"one", 2, 2, {ARRAY, BOOLEAN}, BOOLEAN, true, false, call_one},
    {"count", 1, 2, {ARRAY, BOOLEAN}, NUMBER, true, false, call_count},
    {"filter", 2, 2, {ARRAY, BOOLEAN}, ARRAY, true, false, call_filter},
    {"map", 2, 2, {ARRAY, KIND_ANY}, ARRAY, true, false, call_map},
};

const struct function *function_find(const char *name, size_t length) {
    for (size_t i = 0; i < ELEMENTS(functions); i++)
        if (strlen(functions[i].name) == length && memcmp(functions[i].name, name, length) == 0)
            return &functions[i];
    return NULL;
}
