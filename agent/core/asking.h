/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of command(): one verb as it is being carried out. */
#ifndef ROLLOUT_CORE_ASKING_H
#define ROLLOUT_CORE_ASKING_H

#include "core/command.h"

struct asking {
    const struct spec *spec;
    const struct state *state;
    const struct world *world;
    usec_t now;
    const struct command *asked;
    struct state *next;
    struct command_result *result;
};

void conclude(struct asking *a, enum verdict verdict, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* deploy.c: verbs by which a revision begins */
void ask_deploy(struct asking *a);
void ask_retry(struct asking *a);
void ask_undo(struct asking *a);
void ask_restart(struct asking *a);
/* The queued revision is not wanted any more; false: there was none. */
bool queue_drop(struct asking *a, enum outcome outcome);

#endif
