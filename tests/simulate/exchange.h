/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What haproxy.c and exchange.c need of each other. */
#ifndef SIMULATE_EXCHANGE_H
#define SIMULATE_EXCHANGE_H

#include <stdint.h>

#include "core/model.h"

struct sim;

void exchanges_reset(void);
/* HAProxy answers again: what waited is carried out. */
void exchanges_resume(struct sim *sim, uint32_t balancer);
/* Nobody waits for answers of this one any more. */
void exchanges_forget(uint32_t balancer);
/* HAProxy ended: what waited is lost. */
void exchanges_lose(struct sim *sim, uint32_t balancer);

#endif
