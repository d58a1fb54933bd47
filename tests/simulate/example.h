/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A configuration as it is shipped, taken through whole rollouts at its full durations: one of a good version, and of
 * bad ones that have to be taken back. Nothing else goes wrong. */
#ifndef SIMULATE_EXAMPLE_H
#define SIMULATE_EXAMPLE_H

#include "core/model.h"

struct example;
struct sim;

/* Runs APP.conf, whose templates are those of the host or in analysis/ beside it; prints what happens when. Negative:
 * it cannot be read, or something is not as its plan says. */
int example_run(const char *path);

/* The scenario, the operator and the end of such a run. */
void example_scenario(struct sim *sim);
void example_begin(struct sim *sim);
void example_event(struct sim *sim, const struct state *state, const struct event *event);

#endif
