/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The door for verbs: what a person asks, against what is, gives the next state or a refusal. Pure. A verb is answered
 * after its commit; then an ordinary pass acts on it. */
#ifndef ROLLOUT_CORE_COMMAND_H
#define ROLLOUT_CORE_COMMAND_H

#include "common/string-table.h"
#include "core/model.h"

enum verb {
    VERB_DEPLOY,
    VERB_PROMOTE,
    VERB_ABORT,
    VERB_RETRY,
    VERB_PAUSE,
    VERB_RESUME,
    VERB_UNDO,
    VERB_RESTART,
    VERBS,
};

/* "deploy", "promote", ... and back. */
DECLARE_STRING_TABLE(verb, enum verb);

struct command {
    enum verb verb;
    uint32_t uid, login_uid;           /* who; UINT32_MAX unknown */
    char version[VERSION_TEXT_MAX];    /* deploy; valid by version_valid() */
    struct id128 identity;             /* deploy: digest of version and environment */
    bool now;                          /* deploy: whatever DeployWindow= says */
    bool full;                         /* promote */
    uint32_t to_revision;              /* undo; 0: the one that was live before */
    bool expect_revision, expect_step; /* refuse unless it is so */
    uint32_t revision, step;           /* what was expected */
};

enum verdict {
    VERDICT_ACCEPTED,  /* the next state holds it */
    VERDICT_ALREADY,   /* what was asked holds: nothing changed */
    VERDICT_ATTACHED,  /* deploy: that revision is under way: nothing changed */
    VERDICT_REFUSED,   /* makes no sense in this phase: nothing changed */
    VERDICT_UNEXPECTED /* what was expected does not hold: nothing changed */
};

struct command_result {
    enum verdict verdict;
    uint32_t revision;  /* that the answer is about; 0: none */
    bool new_attempt;   /* an attempt at `revision` begins: the caller pins the configuration that is to count */
    bool new_revision;  /* it is a new one, begun or queued: the caller keeps what it runs and by which configuration */
    uint32_t copy_of;   /* it runs what that revision ran; 0: what was asked */
    usec_t waits_until; /* for its window, wall clock, USEC_INFINITY: nobody can say; 0: for none */
    char message[REASON_MAX]; /* one sentence for the person */
};

/* "by uid 1000"; "": nobody knows. Who logged in, if that is known, is more of a person than who asks. */
void command_by_whom(const struct command *asked, char ret[static REASON_MAX]);

/* NEXT is always filled: equal to STATE unless accepted. */
void command(const struct spec *spec, const struct state *state, const struct world *world, usec_t now,
             const struct command *asked, struct state *next, struct command_result *ret);

#endif
