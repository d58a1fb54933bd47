/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people do by hand. */
#ifndef SIMULATE_HANDS_H
#define SIMULATE_HANDS_H

#include <stdint.h>

#include "common/time.h"

struct hands {
    uint32_t touches;  /* of balancers */
    uint32_t put_back; /* of those who insist */
    usec_t until;      /* they do; 0: nobody does */
};

struct sim;

void hands_weight(struct sim *sim);
void hands_state(struct sim *sim);
void hands_routes(struct sim *sim);
void hands_stop(struct sim *sim);
void hands_start(struct sim *sim);
/* Somebody may insist when the faults have ended. */
void hands_begin(struct sim *sim);

#endif
