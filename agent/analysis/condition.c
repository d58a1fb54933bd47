/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The door of the condition language; lexer, parser, types, evaluation and functions are in condition-*.c. */
#include "analysis/condition.h"

#include <errno.h>
#include <string.h>

#include "analysis/condition-tree.h"

int condition_compile(struct arena *arena, const char *text, struct condition *ret, size_t *column, struct error *err) {
    struct fault fault = {.err = err};
    struct condition condition = {.text = text};
    int r;

    if (strnlen(text, CONDITION_TEXT_MAX + 1) > CONDITION_TEXT_MAX)
        r = fault_set(&fault, 0, -E2BIG, "the condition is longer than %d bytes", CONDITION_TEXT_MAX);
    else
        r = parse_condition(arena, &condition, &fault);
    if (r >= 0 && !(condition.root->kinds & KIND(VALUE_BOOLEAN))) {
        char is[80];
        r = fault_set(&fault, condition.root->at, -EINVAL, "the condition is %s, it must be true or false",
                      kinds_name(condition.root->kinds, is));
    }
    if (r < 0)
        return fault_report(&fault, text, column);
    *ret = condition;
    return 0;
}

int condition_evaluate(struct arena *arena, const struct condition *condition, const struct condition_inputs *inputs,
                       bool *ret, size_t *column, struct error *err) {
    struct fault fault = {.err = err};
    struct evaluation evaluation = {.arena = arena, .inputs = inputs, .steps = CONDITION_STEPS_MAX, .fault = &fault};
    struct value value;
    int r = evaluate(&evaluation, condition->root, &value);

    if (r >= 0 && value.kind != VALUE_BOOLEAN)
        r = fault_set(&fault, condition->root->at, -EINVAL, "the condition is %s, it must be true or false",
                      value_kind_name(value.kind));
    if (r < 0)
        return fault_report(&fault, condition->text, column);
    *ret = value.boolean;
    return 0;
}

int condition_check(const char *text, size_t *column, struct error *err) {
    struct condition condition;
    ARENA(arena);
    return condition_compile(&arena, text, &condition, column, err);
}

bool condition_uses_baseline(const char *text) {
    struct condition condition;
    ARENA(arena);
    return condition_compile(&arena, text, &condition, NULL, NULL) >= 0 && condition.uses_baseline;
}
