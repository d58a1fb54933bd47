/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened, as lines for people when asked for, and always as a number: two runs of a seed must give the same. */
#ifndef SIMULATE_TRACE_H
#define SIMULATE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#define TRACE_LINES 4000
#define TRACE_LINE_MAX 200

struct sim;

struct trace {
    uint64_t hash;
    bool wanted; /* lines are kept */
    uint64_t n;
    char (*lines)[TRACE_LINE_MAX]; /* the last TRACE_LINES, in a ring */
};

void trace_line(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void trace_print(const struct sim *sim, uint64_t last);

#define trace(sim, ...) ((sim)->trace.wanted ? trace_line(sim, __VA_ARGS__) : (void)0)

static inline void trace_number(struct trace *trace, uint64_t number) {
    trace->hash = (trace->hash ^ number) * 0x9e3779b97f4a7c15u;
    trace->hash ^= trace->hash >> 29;
}

#endif
