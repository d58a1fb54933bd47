/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store on disk, below one folder per app (/var/lib/rollout/APP):
 *     state.json                      the state
 *     runs/ID.json                    an analysis run
 *     revisions/N/revision.json       version and environment of a revision
 *     revisions/N/rollout.conf        the configuration that its latest attempt is pinned to
 *     revisions/N/INSTANCE/env        what its unit reads; beside it `release`, a link to the version's folder
 *     instances/INSTANCE              a link to ../revisions/N/INSTANCE
 * Folders 0755, files 0640. Folders are made when something is written, so a full disk keeps nobody from reading. */
#ifndef ROLLOUT_STORE_FILE_STORE_H
#define ROLLOUT_STORE_FILE_STORE_H

#include "store/store.h"

/* Nothing is touched yet. */
int file_store_new(const char *folder, const char *app, struct store *ret, struct error *err);

/* Frees what `store` holds and zeroes it. */
void file_store_done(struct store *store);

#endif
