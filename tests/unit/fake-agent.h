/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An agent's side of the control API without an agent: a canary at 20 % whose world stands still, with the real core's
 * verbs. */
#ifndef ROLLOUT_TESTS_FAKE_AGENT_H
#define ROLLOUT_TESTS_FAKE_AGENT_H

#include "api/api.h"

#define FAKE_NOW (3600 * USEC_PER_SEC)
#define FAKE_WALL_OFFSET (1795420800 * USEC_PER_SEC) /* 2026-11-23T08:00Z */

struct fake_agent {
    struct spec spec;
    struct state state;
    struct world world;
    const char *degraded;
    int fail;                 /* command() fails with this, negative errno */
    struct api_command asked; /* the last one; its env as one text: */
    char env[256];
    unsigned commands;
    enum run_phase hand_phase; /* of the latest run by hand */
};

/* shop: v1 live on blue, v2 at step 2 of 4 (a pause) on green, two instances each. */
void fake_agent_init(struct fake_agent *fake);

/* Appends an event, as a commit would. */
void fake_agent_event(struct fake_agent *fake, enum event_kind kind);

struct api_handler fake_agent_handler(struct fake_agent *fake);

#endif
