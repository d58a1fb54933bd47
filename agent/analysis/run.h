/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An analysis run: measurements over time, and one verdict. Pure: what is wanted, what is, the time and an answer go
 * in, the next run and the questions that may be asked now come out. Semantics are those of Argo Rollouts 1.8's
 * AnalysisRun. */
#ifndef ROLLOUT_ANALYSIS_RUN_H
#define ROLLOUT_ANALYSIS_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/metric.h"
#include "common/string-table.h"
#include "common/time.h"

#define RUN_METRICS_MAX 256
#define MEASUREMENTS_MAX 32 /* bound of Retain= */
#define MEASUREMENT_VALUE_MAX 128
#define SAMPLES_TEXT_MAX 24
#define MEASUREMENT_MESSAGE_MAX 160
#define RUN_MESSAGE_MAX 256

/* A measurement that errors is asked again after this, whatever the interval. */
#define RUN_ERROR_RETRY (10 * USEC_PER_SEC)

/* In Argo's words; order is not rank, see run_phase_worse(). */
enum run_phase { RUN_PENDING, RUN_RUNNING, RUN_SUCCESSFUL, RUN_FAILED, RUN_ERROR, RUN_INCONCLUSIVE };

/* "Pending", "Running", ... and back. */
DECLARE_STRING_TABLE(run_phase, enum run_phase);

/* Whether one ended phase outranks another: Failed over Error over Inconclusive over Successful. */
bool run_phase_worse(enum run_phase phase, enum run_phase than);

static inline bool run_phase_ended(enum run_phase phase) {
    return phase != RUN_PENDING && phase != RUN_RUNNING;
}

struct measurement {
    usec_t started;                        /* core clock */
    usec_t finished;                       /* core clock */
    usec_t wall;                           /* wall clock at finish, for display only */
    enum run_phase phase;                  /* RUN_PENDING: it says nothing, for want of samples */
    char value[MEASUREMENT_VALUE_MAX];     /* JSON text, cut with "..." where longer; "" when there is none */
    char baseline[MEASUREMENT_VALUE_MAX];  /* the same of BaselineQuery= */
    char samples[SAMPLES_TEXT_MAX];        /* how many there were, "" when nobody asked */
    char message[MEASUREMENT_MESSAGE_MAX]; /* why, when not simply Successful */
};

struct metric_run {
    char name[METRIC_NAME_MAX];
    enum run_phase phase;
    bool dry_run;
    uint32_t asked;    /* sequence number of the question in flight, 0: none */
    uint32_t sequence; /* of the latest question ever asked */
    usec_t asked_at;
    usec_t next_at;                                   /* when the next question is due; USEC_INFINITY: none */
    uint32_t successful, failed, inconclusive, error; /* finished measurements by verdict */
    uint32_t too_few;                                 /* those that said nothing, for want of samples */
    uint32_t consecutive_error, consecutive_success;
    char message[RUN_MESSAGE_MAX]; /* why it ended */
    uint32_t n_measurements;       /* kept, oldest first */
    struct measurement measurements[MEASUREMENTS_MAX];
};

struct run {
    uint32_t id;       /* never reused */
    uint32_t revision; /* 0: a run by hand */
    uint32_t attempt;
    int32_t step;            /* index of the analysis step, -1 for a background run and one by hand */
    uint32_t uid, login_uid; /* whose run by hand; UINT32_MAX unknown, or a rollout's */
    enum run_phase phase;
    bool stop;                          /* ended from outside: asks nothing more, ends as run_stop() says */
    usec_t started, finished;           /* core clock; finished 0 while it runs */
    usec_t wall_started, wall_finished; /* for display */
    char name[METRIC_NAME_MAX];         /* the template, or the templates joined by "+" */
    char message[RUN_MESSAGE_MAX];
    uint32_t n_metrics;
    struct metric_run metrics[]; /* same order as the specification */
};

/* What a run judges by: the metrics with their arguments expanded. Borrowed for the call. */
struct run_spec {
    const struct metric_spec *const *metrics;
    size_t n_metrics;
};

/* A value is judged by the metric's conditions; a provider that judges itself, as job does, says its verdict. */
enum answer_kind { ANSWER_VALUE, ANSWER_ERROR, ANSWER_SUCCESSFUL, ANSWER_FAILED, ANSWER_INCONCLUSIVE };

/* An answer to one question. Owned by the caller. */
struct answer {
    uint32_t run;
    uint32_t metric;   /* index */
    uint32_t sequence; /* of the question; anything else than the one in flight is dropped */
    enum answer_kind kind;
    const char
        *value; /* JSON text of the value; "[]" is an empty vector; NaN, Infinity, -Infinity are allowed numbers */
    const char *baseline; /* the same of BaselineQuery=, or NULL */
    const char *samples;  /* the same of SamplesQuery=, or NULL */
    const char *message;  /* the error, or a provider's warning; may be NULL */
};

/* A question that may be asked now. */
struct question {
    uint32_t run, metric, sequence;
};

/* Bytes of a run with so many metrics. */
static inline size_t run_size(size_t n_metrics) {
    return sizeof(struct run) + n_metrics * sizeof(struct metric_run);
}

/* Fills a new run in place (room: run_size(spec->n_metrics)). It is Running, its first questions become due at their
 * initial delay. */
void run_begin(struct run *run, const struct run_spec *spec, uint32_t id, const char *name, usec_t now, usec_t wall);

/* One pure step, in place: takes the answer (NULL: none), ends what has to end, and says which questions are due.
 * A question is in flight from the moment it is returned (metric.asked). After a crash of the program, run_resume()
 * makes questions in flight due again. ret_questions, n_ret: room for run->n_metrics questions, and how many were
 * filled. ret_wake: when to call again (core clock), USEC_INFINITY when only an answer can change anything. Returns
 * true when the run changed. */
bool run_next(const struct run_spec *spec, struct run *run, usec_t now, usec_t wall, const struct answer *answer,
              struct question *ret_questions, size_t *n_ret, usec_t *ret_wake);

/* Forgets the questions in flight, so that they are asked again under a new sequence number. */
void run_resume(struct run *run, usec_t now);

/* Ends a run from outside that has not come to its end: Error. */
void run_fail(struct run *run, usec_t now, usec_t wall, const char *why);

/* Ends a run from outside: what has not failed is Successful, as Argo does with a background run at full promotion. */
void run_stop(struct run *run, usec_t now, usec_t wall, const char *why);

#endif
