/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How an order ended, in words: every job result and every refusal of systemd as a sentence that names the unit and,
 * where there is something to do, says what. */
#ifndef ROLLOUT_INSTANCE_SENTENCE_H
#define ROLLOUT_INSTANCE_SENTENCE_H

#include <stddef.h>

#include "instance/properties.h"

#define SENTENCE_MAX 768 /* a unit's name may come twice */

/* A job for UNIT was removed with JOB_RESULT, and PROPERTIES came after that: a job that is `done` need not mean that
 * the unit runs. Writes the sentence and returns what the order came to: 0 or a negative errno. */
int job_sentence(const char *unit, enum unit_order_kind kind, const char *job_result,
                 const struct unit_properties *properties, char *ret, size_t size);

/* The call itself was refused: by the D-Bus error NAME with MESSAGE (may be NULL). APP is whom to permit. Returns 0
 * when the refusal says that nothing was left to do (stopping a unit that isn't there), else a negative errno. */
int refusal_sentence(const char *unit, enum unit_order_kind kind, const char *app, const char *name,
                     const char *message, char *ret, size_t size);

/* The job was still there after WAITED. Returns -ETIMEDOUT. */
int waited_sentence(const char *unit, enum unit_order_kind kind, usec_t waited, char *ret, size_t size);

#endif
