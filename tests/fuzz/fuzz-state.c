/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads any bytes as a state and as a run. What is taken must come back the same from what it is written as. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "core/decide.h"
#include "store/run-json.h"
#include "store/state-json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_state(const char *text, size_t size) {
    static struct state one, other;
    _cleanup_free_ char *written = NULL;
    size_t len;
    if (state_from_json(text, size, &one, NULL) < 0)
        return;
    (void)state_invalid(&one);
    one.schema = STATE_SCHEMA; /* written as this program's */
    if (state_to_json(&one, &written, &len, NULL) < 0 || state_from_json(written, len, &other, NULL) < 0 ||
        memcmp(&one, &other, sizeof(one)) != 0)
        abort();
}

static void check_run(const char *text, size_t size) {
    _cleanup_free_ struct run *one = NULL, *other = NULL;
    _cleanup_free_ char *written = NULL, *again = NULL;
    struct expanded_analysis *asked = NULL, *back = NULL;
    size_t len;
    if (run_from_json(text, size, &one, &asked, NULL) < 0)
        return;
    if (run_to_json(one, asked, &written, &len, NULL) < 0 || run_from_json(written, len, &other, &back, NULL) < 0 ||
        memcmp(one, other, run_size(one->n_metrics)) != 0 || run_to_json(other, back, &again, NULL, NULL) < 0 ||
        strcmp(written, again) != 0)
        abort();
    (void)expanded_analysis_free(asked);
    (void)expanded_analysis_free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_state((const char *)data, size);
    check_run((const char *)data, size);
    return 0;
}
