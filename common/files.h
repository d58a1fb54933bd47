/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that survive a crash: whole contents in, whole contents out, every step checked. Modes are set as given
 * whatever the umask is. */
#ifndef ROLLOUT_COMMON_FILES_H
#define ROLLOUT_COMMON_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

/* Replaces the file at path by data: write to ".NAME.new" beside it, fsync, rename, fsync the folder. On failure the
 * old content stands, except when only the folder could not be synced: then the new one stands but may not survive a
 * power cut. One writer per path: what a crashed one left behind is replaced. */
int file_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct error *err);

/* Reads a regular file of at most max bytes. The caller frees *ret_data, which has a NUL behind its last byte; ret_len
 * may be NULL. -ENOENT when there is none, -EFBIG when it is larger, -EISDIR or -EINVAL when it is no regular file. */
int file_read(const char *path, size_t max, char **ret_data, size_t *ret_len, struct error *err);

/* Makes path a symlink to target in one rename, whatever link was there before, and syncs the folder. Fails as
 * file_write_atomic() does. */
int symlink_swap(const char *target, const char *path, struct error *err);

/* Makes sure that path is a folder of that mode, and that it survives a power cut; its parent must exist. -ENOTDIR when
 * something else (a symlink too) is there. */
int make_dir(const char *path, mode_t mode, struct error *err);

/* The same, again and again: its parent is synced only as long as *durable, false at first, does not say that this was
 * done, and when the folder had to be made. */
int make_dir_again(const char *path, mode_t mode, bool *durable, struct error *err);

/* Removes path and all that is in it; symlinks are removed, never followed. Nothing there is no failure. */
int remove_tree(const char *path, struct error *err);

/* Makes renames and removals in a folder durable. */
int sync_dir(const char *path, struct error *err);

#endif
