/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times and spans. Every point in time and every span in the program is a usec_t; which clock a point belongs to is
 * said where it is declared. */
#ifndef ROLLOUT_COMMON_TIME_H
#define ROLLOUT_COMMON_TIME_H

#include <stdint.h>

/* Microseconds. */
typedef int64_t usec_t;

#define USEC_PER_MSEC ((usec_t)1000)
#define USEC_PER_SEC ((usec_t)1000000)
#define USEC_INFINITY INT64_MAX

/* Adds two spans, or a span to a point. Infinity stays infinity, nothing overflows. */
static inline usec_t usec_add(usec_t a, usec_t b) {
    return a == USEC_INFINITY || b == USEC_INFINITY || a > USEC_INFINITY - b ? USEC_INFINITY : a + b;
}

#endif
