/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a seed is about: the configuration, and the versions with their true health. */
#ifndef SIMULATE_SCENARIO_H
#define SIMULATE_SCENARIO_H

#include "spec/spec.h"
#include "windows.h"

#define SIM_INSTANCES 4 /* of each color */
#define SIM_BACKENDS 3  /* two, and the one for previews */
#define SIM_BALANCERS 4
#define VERSIONS 5
#define SCENARIO_TEXT_MAX 4096
#define SIM_HOOKS 4    /* h0 to h3; the last one is asked whether to roll back */
#define VARIANTS_MAX 4 /* of the configuration: the first is what it begins with */

struct sim;

enum health {
    HEALTH_GOOD,
    HEALTH_ERRORS,          /* too many of its answers are errors */
    HEALTH_CRASHES_AT_ONCE, /* before it is ready */
    HEALTH_CRASHES_LATER,   /* some time after its start */
    HEALTH_CRASHES_LOADED,  /* soon after its first requests */
    HEALTH_NEVER_READY,     /* its start times out */
    HEALTH_DEAF,            /* systemd has it running, HAProxy's checks fail */
    HEALTHS,
};

/* How a process ends that crashes some time after its start. */
enum ending_kind {
    ENDS_FAILED,
    ENDS_INACTIVE,  /* exits 0, and nobody starts it again */
    ENDS_RESTARTED, /* exits 0, Restart=always */
};

struct version {
    enum health health;
    enum ending_kind ends;
    bool loops;    /* also after the faults have ended */
    uint32_t sick; /* 0: all of its instances are of that health; else only this one (1: the first) */
    usec_t start_time;
    usec_t crashes_after;
};

/* What a hook says when it is in no mood. */
enum temper {
    TEMPER_PASSES,
    TEMPER_TELLS,   /* refuses versions that answer with errors */
    TEMPER_REFUSES, /* everything */
    TEMPERS,
};

struct scenario {
    const char *app;
    struct version versions[VERSIONS + 1]; /* the last one is what was there before the first deploy: it is well */
    uint32_t all_balancers;                /* that there are; the configuration has the first ones of them */
    bool remote[SIM_BALANCERS]; /* on another host: it has no state file of ours, and nobody tells of its reloads */
    uint32_t backends;
    enum temper tempers[SIM_HOOKS];
    bool preview;                 /* PreviewBackend= comes after them */
    bool routes;                  /* and RouteMap= leads there */
    char text[SCENARIO_TEXT_MAX]; /* the configuration, while it is being written */
    uint32_t variants;
    struct spec *files[VARIANTS_MAX]; /* what the files may say */
    windows_t windows[VARIANTS_MAX];  /* of them */
    struct spec *spec;                /* what counts: see files.c */
    uint32_t balancers;               /* of it */
};

/* Those of Backend=, and that of PreviewBackend=. */
static inline uint32_t scenario_all_backends(const struct scenario *scenario) {
    return scenario->backends + scenario->preview;
}

void scenario_begin(struct sim *sim);
/* Of an instance of a version, in truth. */
enum health version_health(const struct version *version, uint32_t number);
void scenario_end(struct sim *sim);

/* "v1" .. "v5" to its index, and back. */
uint32_t version_index(const char *name);

#endif
