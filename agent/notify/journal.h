/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every event as a journal entry: MESSAGE_ID= of the catalog, ROLLOUT_APP=, ROLLOUT_REVISION=, ROLLOUT_EVENT=. */
#ifndef ROLLOUT_NOTIFY_JOURNAL_H
#define ROLLOUT_NOTIFY_JOURNAL_H

#include "core/model.h"

/* Waits for nothing; an entry that the journal does not take is lost. */
void notify_journal(const struct spec *spec, const struct state *state, const struct event *event);

#endif
