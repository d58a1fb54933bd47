/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A rollout as a person reads it. */
#ifndef ROLLOUT_CTL_TREE_H
#define ROLLOUT_CTL_TREE_H

#include "ctl/writer.h"

/* The whole picture of GET /v1/rollout. */
void view_rollout(struct writer *writer, FILE *out, const cJSON *rollout);

/* In one line: phase, step, share, message. */
void view_line(struct writer *writer, FILE *out, const cJSON *rollout);

/* One run of GET /v1/runs/ID, with its metrics and measurements (run-view.c). */
void view_run(struct writer *writer, FILE *out, const cJSON *run);

/* A phase or state in its color, at least so wide. */
void put_phase(struct writer *writer, FILE *out, const char *word, int width);

/* ", 3 successful, 1 failed" of a metric. */
void put_counts(FILE *out, const cJSON *metric);

#endif
