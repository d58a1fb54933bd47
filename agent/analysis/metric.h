/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a metric asks and how its answers are judged: the specification, filled by spec/ from [Metric NAME]. */
#ifndef ROLLOUT_ANALYSIS_METRIC_H
#define ROLLOUT_ANALYSIS_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/string-table.h"
#include "common/time.h"

#define METRIC_NAME_MAX 64

/* What a measurement without data counts as. */
enum on_no_data { NO_DATA_ERROR, NO_DATA_INCONCLUSIVE, NO_DATA_SUCCESS, NO_DATA_FAILURE };

DECLARE_STRING_TABLE(on_no_data, enum on_no_data); /* "error", ... */

/* What a failed metric does to the rollout. */
enum on_failure { ON_FAILURE_ABORT, ON_FAILURE_PAUSE };
DECLARE_STRING_TABLE(on_failure, enum on_failure); /* "abort", "pause" */

/* One key that belongs to the provider (Address=, Query=, ...), kept as written until the provider checks it. */
struct setting {
    char *key;
    char *value; /* {{...}} not yet expanded in a specification, expanded in a question */
    char *file;  /* where it was written, for errors */
    int line;
};

struct metric_spec {
    char name[METRIC_NAME_MAX];
    char provider[32];      /* name in the table of provider/ */
    usec_t initial_delay;   /* from the run's start */
    usec_t interval;        /* from the previous measurement's finish; 0: not given */
    uint32_t count;         /* 0: not given (one measurement without an interval, unbounded with one) */
    uint32_t failure_limit; /* this and the next two trip on > */
    uint32_t inconclusive_limit;
    uint32_t consecutive_error_limit;   /* default 4 */
    uint32_t consecutive_success_limit; /* so many in a row are enough (>=, as Argo); 0: off */
    uint32_t retain;                    /* measurements kept, default 10 */
    enum on_no_data on_no_data;
    enum on_failure on_failure;
    bool dry_run;
    char *success_condition; /* NULL: not given */
    char *failure_condition; /* NULL: not given */
    char *baseline_query;    /* asked besides, for `baseline` in conditions; NULL: nothing */
    char *samples_query;     /* asked besides, for min_samples; NULL: nothing */
    uint32_t min_samples;    /* with fewer, a measurement says nothing; 0: any number is enough */
    struct setting *settings;
    size_t n_settings;
    char *file; /* where the section was opened, for errors */
    int line;
};

#endif
