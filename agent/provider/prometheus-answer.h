/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Prometheus answers to a query, as a measurement. Pure. */
#ifndef ROLLOUT_PROVIDER_PROMETHEUS_ANSWER_H
#define ROLLOUT_PROVIDER_PROMETHEUS_ANSWER_H

#include <stddef.h>

#include "common/error.h"

/* Series of one answer. A query that gives more was meant to be aggregated. */
#define PROMETHEUS_SERIES_MAX 1000

/* Reads the body of a reply of /api/v1/query or /api/v1/query_range. *ret_value is JSON text: a vector gives an array
 * of numbers in Prometheus' order, a range one flat array (as Argo: every value of the first series, then those of the
 * next), a scalar a number, a string a string; NaN, Infinity and -Infinity stand for Go's NaN, +Inf and -Inf.
 * *ret_warning is what Prometheus warned of, or NULL. The caller frees both. -EREMOTEIO when Prometheus answered with
 * an error, whose text is then in err; -E2BIG for too many series or values; another code for what is no answer of
 * Prometheus. */
int prometheus_answer(const char *body, size_t len, char **ret_value, char **ret_warning, struct error *err);

#endif
