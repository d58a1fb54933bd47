/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The door of the condition language; lexer, parser, types, evaluation and functions are in condition-*.c. */
#include "analysis/condition.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "analysis/condition-tree.h"

int fault_set(struct fault *fault, size_t at, int code, const char *format, ...) {
    char text[ERROR_TEXT_MAX];
    va_list arguments;

    if (fault->code < 0)
        return fault->code;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fault->at = at;
    fault->code = code;
    return error_set(fault->err, code, "%s", text);
}

int fault_memory(struct fault *fault, size_t at) {
    return fault_set(fault, at, -E2BIG, "this needs too much memory");
}

/* Characters before and with the one where it went wrong. */
static int report(const struct fault *fault, const char *text, int r, size_t *column) {
    if (!column)
        return r;
    *column = 1;
    for (size_t i = 0; i < fault->at && text[i]; i++)
        *column += ((unsigned char)text[i] & 0xc0) != 0x80;
    return r;
}

int condition_compile(struct arena *arena, const char *text, struct condition *ret, size_t *column, struct error *err) {
    struct fault fault = {.err = err};
    struct condition condition = {.text = text};
    int r;

    if (strnlen(text, CONDITION_TEXT_MAX + 1) > CONDITION_TEXT_MAX)
        r = fault_set(&fault, 0, -E2BIG, "the condition is longer than %d bytes", CONDITION_TEXT_MAX);
    else
        r = parse_condition(arena, text, &condition.root, &condition.asks_for_data, &fault);
    if (r >= 0 && !(condition.root->kinds & KIND(VALUE_BOOLEAN))) {
        char is[80];
        r = fault_set(&fault, condition.root->at, -EINVAL, "the condition is %s, it must be true or false",
                      kinds_name(condition.root->kinds, is));
    }
    if (r < 0)
        return report(&fault, text, r, column);
    *ret = condition;
    return 0;
}

int condition_evaluate(struct arena *arena, const struct condition *condition, const struct value *result, bool *ret,
                       size_t *column, struct error *err) {
    struct fault fault = {.err = err};
    struct evaluation evaluation = {.arena = arena, .result = result, .steps = CONDITION_STEPS_MAX, .fault = &fault};
    struct value value;
    int r = evaluate(&evaluation, condition->root, &value);

    if (r >= 0 && value.kind != VALUE_BOOLEAN)
        r = fault_set(&fault, condition->root->at, -EINVAL, "the condition is %s, it must be true or false",
                      value_kind_name(value.kind));
    if (r < 0)
        return report(&fault, condition->text, r, column);
    *ret = value.boolean;
    return 0;
}

int condition_check(const char *text, size_t *column, struct error *err) {
    struct condition condition;
    ARENA(arena);
    return condition_compile(&arena, text, &condition, column, err);
}
