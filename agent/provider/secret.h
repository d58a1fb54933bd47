/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* {{credential.NAME}} in a metric's settings: filled in for the moment of asking only, so that no secret comes into the
 * state, the log or the API. */
#ifndef ROLLOUT_PROVIDER_SECRET_H
#define ROLLOUT_PROVIDER_SECRET_H

#include "common/cleanup.h"
#include "provider/settings.h"

/* *ret is a copy of the metric whose texts, addresses and headers hold their secrets: no error about these kinds shows
 * a value, so other kinds are left as they are. The copy borrows all else and ends before the metric, with
 * metric_conceal() or _cleanup_conceal_. -ENOENT: no such credential. */
int metric_reveal(const struct setting_row *rows, size_t n, const struct metric_spec *metric, struct metric_spec *ret,
                  struct error *err);

/* Overwrites the secrets and frees what the copy owns. */
void metric_conceal(struct metric_spec *revealed);

#define _cleanup_conceal_ _cleanup_(metric_conceal)

#endif
