/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DeployWindow=: what is configured, and when that is open in truth, by arithmetic of our own. */
#ifndef SIMULATE_WINDOWS_H
#define SIMULATE_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/time.h"

/* Some of the windows, a bit each; none: always open. */
typedef uint8_t windows_t;

struct sim;

/* Of a variant of the configuration. */
windows_t windows_draw(struct sim *sim);
/* Their lines in a buffer. */
void windows_write(windows_t windows, char *buffer, size_t size);
/* What the files said when they were last read lets a deploy begin, at a moment of virtual time. */
bool windows_open(const struct sim *sim, usec_t when);

#endif
