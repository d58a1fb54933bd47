/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analysis/judge.h"

#include <stdio.h>
#include <string.h>

#include "analysis/condition.h"
#include "common/text.h"

/* Of a message's room: what a condition may take, so that the value is still seen. */
#define SHOWN_CONDITION 80
#define SHOWN_PAIR 48

/* One condition's part in a judgement. */
struct opinion {
    const char *text; /* NULL: not given */
    const char *key;
    struct condition condition;
    bool holds;
};

static const char *shown(char *buffer, size_t size, const char *text) {
    return text_escape(buffer, size, text, strlen(text));
}

static void explain(char message[static MEASUREMENT_MESSAGE_MAX], const char *why, const struct evidence *evidence) {
    const char *baseline = evidence->baseline ? evidence->baseline : "";
    char whole[3 * MEASUREMENT_MESSAGE_MAX + 32], result[MEASUREMENT_MESSAGE_MAX], compared[MEASUREMENT_MESSAGE_MAX];
    (void)snprintf(whole, sizeof whole, "%.*s: result = %s%s%s", MEASUREMENT_MESSAGE_MAX, why,
                   shown(result, *baseline ? SHOWN_PAIR : sizeof result, evidence->result),
                   *baseline ? ", baseline = " : "", shown(compared, sizeof compared, baseline));
    (void)text_escape(message, MEASUREMENT_MESSAGE_MAX, whole, strlen(whole));
}

static enum run_phase decided(enum run_phase phase, const struct opinion *by, const struct evidence *evidence,
                              char message[static MEASUREMENT_MESSAGE_MAX]) {
    char why[MEASUREMENT_MESSAGE_MAX], condition[SHOWN_CONDITION];
    (void)snprintf(why, sizeof why, "%s is %s", shown(condition, sizeof condition, by->text),
                   by->holds ? "true" : "false");
    explain(message, why, evidence);
    return phase;
}

static enum run_phase undecided(const struct opinion *success, const struct opinion *failure,
                                const struct evidence *evidence, char message[static MEASUREMENT_MESSAGE_MAX]) {
    char why[MEASUREMENT_MESSAGE_MAX], first[SHOWN_PAIR], second[SHOWN_PAIR];
    (void)snprintf(why, sizeof why, "neither %s nor %s", shown(first, sizeof first, success->text),
                   shown(second, sizeof second, failure->text));
    explain(message, why, evidence);
    return RUN_INCONCLUSIVE;
}

static enum run_phase unjudged(const struct opinion *opinion, size_t column, const struct error *err,
                               const struct evidence *evidence, char message[static MEASUREMENT_MESSAGE_MAX]) {
    char why[MEASUREMENT_MESSAGE_MAX], condition[SHOWN_PAIR];
    (void)snprintf(why, sizeof why, "%s=%s, column %zu: %.80s", opinion->key,
                   shown(condition, sizeof condition, opinion->text), column, err->text);
    explain(message, why, evidence);
    return RUN_ERROR;
}

static bool without_data(const struct value *result) {
    return result->kind == VALUE_NIL || (result->kind == VALUE_ARRAY && result->length == 0);
}

static enum run_phase judge_no_data(const struct metric_spec *metric, const struct evidence *evidence,
                                    char message[static MEASUREMENT_MESSAGE_MAX]) {
    explain(message, "no data", evidence);
    switch (metric->on_no_data) {
    case NO_DATA_ERROR:
        return RUN_ERROR;
    case NO_DATA_INCONCLUSIVE:
        return RUN_INCONCLUSIVE;
    case NO_DATA_SUCCESS:
        return RUN_SUCCESSFUL;
    case NO_DATA_FAILURE:
        return RUN_FAILED;
    }
    return RUN_ERROR;
}

/* Success first, as Argo: what it says when both cannot be told. */
static enum run_phase judge_value(struct arena *arena, const struct metric_spec *metric,
                                  const struct evidence *evidence, char message[static MEASUREMENT_MESSAGE_MAX]) {
    struct opinion opinions[] = {
        {.text = metric->success_condition, .key = "SuccessCondition"},
        {.text = metric->failure_condition, .key = "FailureCondition"},
    };
    struct opinion *success = &opinions[0], *failure = &opinions[1];
    struct value result, baseline;
    const struct condition_inputs inputs = {.result = &result, .baseline = evidence->baseline ? &baseline : NULL};
    struct error err = {.code = 0};
    bool asks_for_data = false, compared = false;
    size_t column;

    if (value_read(arena, evidence->result, &result, &err) < 0 ||
        (evidence->baseline && value_read(arena, evidence->baseline, &baseline, &err) < 0)) {
        explain(message, err.text, evidence);
        return RUN_ERROR;
    }
    for (size_t i = 0; i < ELEMENTS(opinions); i++) {
        struct opinion *opinion = &opinions[i];
        if (opinion->text && condition_compile(arena, opinion->text, &opinion->condition, &column, &err) < 0)
            return unjudged(opinion, column, &err, evidence, message);
        asks_for_data |= opinion->condition.asks_for_data;
        compared |= opinion->condition.uses_baseline;
    }
    bool no_data = without_data(&result) || (compared && inputs.baseline && without_data(inputs.baseline));
    if (no_data && (metric->on_no_data != NO_DATA_ERROR || !asks_for_data))
        return judge_no_data(metric, evidence, message);
    for (size_t i = 0; i < ELEMENTS(opinions); i++) {
        struct opinion *opinion = &opinions[i];
        if (opinion->text &&
            condition_evaluate(arena, &opinion->condition, &inputs, &opinion->holds, &column, &err) < 0)
            return unjudged(opinion, column, &err, evidence, message);
    }
    if (failure->text && failure->holds)
        return decided(RUN_FAILED, failure, evidence, message);
    if (success->text && !success->holds)
        return failure->text ? undecided(success, failure, evidence, message)
                             : decided(RUN_FAILED, success, evidence, message);
    message[0] = '\0';
    return RUN_SUCCESSFUL;
}

enum run_phase judge(const struct metric_spec *metric, const struct evidence *evidence,
                     char message[static MEASUREMENT_MESSAGE_MAX]) {
    ARENA(arena);
    return judge_value(&arena, metric, evidence, message);
}
