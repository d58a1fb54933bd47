/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any condition over any answer: the first line is the condition, then comes the answer and, behind an empty line, the
 * baseline's. Judged as SuccessCondition=, as
 * FailureCondition= and with every OnNoData=; whatever comes out must be consistent and valid UTF-8. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/condition.h"
#include "analysis/judge.h"
#include "common/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds)
        abort();
}

static enum run_phase judge_checked(const struct metric_spec *metric, const struct evidence *evidence) {
    char message[MEASUREMENT_MESSAGE_MAX];
    enum run_phase phase = judge(metric, evidence, message);
    check(run_phase_ended(phase));
    check(memchr(message, '\0', sizeof message) != NULL);
    check(utf8_valid(message, strlen(message)));
    check(phase == RUN_SUCCESSFUL || *message);
    return phase;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    check(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';

    char *value = strchr(text, '\n');
    if (value)
        *value++ = '\0';
    else
        value = text + strlen(text);

    struct evidence evidence = {.result = value, .baseline = NULL};
    char *gap = strstr(value, "\n\n");
    if (gap) {
        *gap = '\0';
        evidence.baseline = gap + 2;
    }

    struct error err = {.code = 0};
    size_t column = 0;
    int r = condition_check(text, &column, &err);
    check(r == 0 || (r == err.code && *err.text && column >= 1 && column <= strlen(text) + 1));

    struct metric_spec success = {.success_condition = text}, failure = {.failure_condition = text};
    enum run_phase yes = judge_checked(&success, &evidence), no = judge_checked(&failure, &evidence);
    check((yes == RUN_ERROR) == (no == RUN_ERROR));
    check(yes == RUN_ERROR || yes != no);
    check(r == 0 || yes == RUN_ERROR);

    check(r == 0 || !condition_uses_baseline(text));

    success.on_no_data = NO_DATA_INCONCLUSIVE;
    (void)judge_checked(&success, &evidence);
    free(text);
    return 0;
}
