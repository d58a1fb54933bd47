/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store: what a read gives now, and what is there after the machine went down. Both differ after a commit that
 * failed past its rename, which is how a disk lies. */
#ifndef SIMULATE_DISK_H
#define SIMULATE_DISK_H

#include "core/model.h"
#include "scenario.h"
#include "store/store.h"

#define REVISIONS_MAX 64
#define RUNS_MAX 256

/* The revision of what runs without ever having been deployed. */
#define REVISION_UNMANAGED (REVISIONS_MAX - 1)

struct sim_document {
    struct run *cached, *durable; /* the same while the disk is honest; NULL: none */
    char *asked;                  /* what its run asks, within a document of it that never changes */
    uint32_t asked_by;            /* that run */
};

struct sim_revision {
    uint32_t version; /* index */
    uint32_t files;   /* the configuration that its latest attempt is pinned to */
    bool cached, durable;
};

struct disk {
    bool json; /* documents go through their text, as on a real disk */
    bool bad;  /* nothing can be written */
    bool has_state, had_state;
    bool newer;    /* a newer program wrote it */
    bool corrupt;  /* what is there of it cannot be read */
    bool doubtful; /* the latest commit failed: nobody can say which state a machine that went down comes back with */
    bool held_up;  /* a run could not be written, and the state that names it comes later than it was decided */
    struct state cached, durable;
    struct sim_document runs[RUNS_MAX];
    struct sim_revision revisions[REVISIONS_MAX];
    uint32_t links[COLORS][SIM_INSTANCES];         /* the revision that an instance's link points to */
    uint32_t links_durable[COLORS][SIM_INSTANCES]; /* what a power cut leaves of them */
    uint64_t commits;                              /* of states */
    usec_t began;                                  /* the write under way, or the latest */
    struct store port;
};

struct sim;

void disk_begin(struct sim *sim);
void disk_end(struct sim *sim);
/* The machine went down: what was not durable may be lost. */
void disk_reboot(struct sim *sim);
/* What is nearest to what runs, where nothing else is known: the newest revision that instances are placed at, or of
 * all; 0: none. */
uint32_t disk_nearest(struct sim *sim);
/* The index of a revision's version. */
uint32_t disk_version(const struct sim *sim, uint32_t revision);

#endif
