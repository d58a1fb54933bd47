/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration's files, what is read of them, and what of that counts. */
#ifndef SIMULATE_FILES_H
#define SIMULATE_FILES_H

#include "spec/spec.h"

struct files {
    uint32_t now;    /* what the files say: an index of scenario.files */
    bool bad;        /* nobody can read them; or, where they are ... */
    bool refused;    /* ... so, everybody can, but the router can do nothing with what they say */
    bool read;       /* by this life of the agent; what it last read was ... */
    uint32_t latest; /* ... this */
    bool pinned;     /* there is an attempt; it began with ... */
    uint32_t pin;    /* ... this */
};

struct sim;

/* The index of what the next attempt will begin with. */
uint32_t files_new(const struct sim *sim);

struct spec *files_parse(const char *text);
void files_begin(struct sim *sim);
void files_end(struct sim *sim);

/* The agent's port that reads them. */
int files_load(void *sim, struct spec **ret, struct error *err);
/* The one that tells the router. */
int files_configure(void *sim, const struct spec *spec, struct error *err);
/* The index of what an attempt is pinned to, which has to be what was last read. */
uint32_t files_pinned(struct sim *sim, const char *text);
/* A new life; and a state that counts now, whose attempt is pinned. */
void files_forget_agent(struct sim *sim);
void files_attempt(struct sim *sim, uint32_t revision);
/* What the agent goes by is what counts. */
void files_check(struct sim *sim);

/* Weather: somebody edits them, and reloads the agent. */
void files_change(struct sim *sim);
void files_spoil(struct sim *sim);
void files_faults_end(struct sim *sim);

#endif
