/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chance, keyed by (seed, site, nth): the nth draw of a site is the same whatever other sites do, so that a new site
 * shifts no other. A script holds the draws that are not 0; a run by a script draws 0 everywhere else. */
#ifndef SIMULATE_DRAW_H
#define SIMULATE_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/time.h"
#include "sites.h"

struct drawn {
    enum site site;
    uint32_t nth, value;
    usec_t when; /* virtual time, for readers */
};

struct script {
    struct drawn *draws; /* by site, then nth */
    size_t n, room;
};

/* What may go wrong in a run by seed. */
enum weather {
    WEATHER_ANY,   /* the seed's own subset of faults */
    WEATHER_KILLS, /* the agent is killed, nothing else; and nothing depends on when something happens */
    WEATHER_CALM,  /* the same without kills */
};

struct draws {
    enum weather weather;
    uint64_t seed;
    bool enabled[SITES_N];
    uint32_t nth[SITES_N];
    const struct script *script; /* NULL: by seed */
    size_t at[SITES_N];          /* into the script */
    struct script *record;       /* NULL: not recorded */
    const usec_t *now;
};

/* Begins a run by seed; or by a script. */
void draws_begin(struct draws *draws, uint64_t seed, enum weather weather, const struct script *script,
                 struct script *record, const usec_t *now);
/* No more faults from now on. */
void draws_end_faults(struct draws *draws);

/* 0..n-1, each as likely. */
uint32_t draw(struct draws *draws, enum site site, uint32_t n);
/* 0, but in so many of 1000 cases 1..n. */
uint32_t draw_rare(struct draws *draws, enum site site, uint32_t permille, uint32_t n);

const char *site_name(enum site site);
int site_from_name(const char *name, enum site *ret);
void script_add(struct script *script, struct drawn drawn);
void script_sort(struct script *script);

#endif
