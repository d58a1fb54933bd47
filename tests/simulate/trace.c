/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>

#include "sim.h"

void trace_line(struct sim *sim, const char *format, ...) {
    char *line = sim->trace.lines[sim->trace.n++ % TRACE_LINES];
    int length = snprintf(line, TRACE_LINE_MAX, "%9.4f  ", (double)sim->clock.now / 1e6);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line + length, (size_t)(TRACE_LINE_MAX - length), format, arguments);
    va_end(arguments);
}

void trace_print(const struct sim *sim, uint64_t last) {
    uint64_t n = sim->trace.n, kept = n < TRACE_LINES ? n : TRACE_LINES;
    uint64_t begin = n - (last < kept ? last : kept);
    for (uint64_t i = begin; i < n; i++)
        (void)printf("# %s\n", sim->trace.lines[i % TRACE_LINES]);
}
