/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within store/: where things lie, and the parts of the file store. The functions are those of struct store, by their
 * names. */
#ifndef ROLLOUT_STORE_FOLDERS_H
#define ROLLOUT_STORE_FOLDERS_H

#include <limits.h>
#include <stdbool.h>

#include "store/store.h"

#define FOLDER_MODE 0755
#define FILE_MODE 0640

struct file_store {
    char *folder;
    char *app;
    bool durable;          /* the folder itself, see make_dir_again() */
    bool durable_below[3]; /* those in it that are written to again and again */
};

/* The path of something below the folder, in a buffer of PATH_MAX bytes. */
int store_path(const struct file_store *store, char *ret, struct error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Makes sure that a chain of folders "revisions/7/blue-1" is there and durable, and the app's own. */
int store_make_folders(struct file_store *store, const char *below, struct error *err);

/* The revision that an instance is placed at; 0: none. */
uint32_t instance_revision(const struct file_store *store, enum color color, uint32_t number);

int run_load(void *self, uint32_t id, struct run **ret, struct expanded_analysis **ret_asked, struct error *err);
int revision_load(void *self, uint32_t number, struct revision **ret, struct error *err);
int revision_commit(void *self, const struct revision *revision, struct error *err);
int instance_place(void *self, enum color color, uint32_t number, const struct revision *revision, const char *release,
                   const struct endpoint *endpoint, struct error *err);
uint32_t store_newest(void *self, bool placed, uint32_t below);
int store_highest(void *self, uint32_t *ret_revision, uint32_t *ret_run, struct error *err);
int store_prune(void *self, const struct state *state, struct error *err);

#endif
