/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What must survive: the interface to the store. Every commit is durable when it returns 0 (write, fsync, rename, fsync
 * folder), and has changed nothing that is read when it fails. All calls block for their fsync and for nothing else. */
#ifndef ROLLOUT_STORE_STORE_H
#define ROLLOUT_STORE_STORE_H

#include "analysis/run.h"
#include "common/error.h"
#include "core/model.h"

/* What a revision is: revisions/N/. Owned by the caller. */
struct revision {
    uint32_t number;
    char version[VERSION_TEXT_MAX];
    char **env;      /* "KEY=value", as given; NULL-terminated, or NULL */
    char *spec_text; /* the configuration that its latest attempt is pinned to */
};

struct revision *revision_free(struct revision *revision);

/* Digest of version and environment, the pairs sorted: equal means the same thing runs. */
struct id128 revision_identity(const char *version, char *const *env);

/* "KEY=value" with a valid key that is not ours, and a value that fits a line: what --env may say. */
int env_pair_check(const char *pair, struct error *err);

struct store {
    void *self;
    /* -ENOENT: none. -EBADMSG: not readable, the error says why and where. -EPROTONOSUPPORT: written by a newer
     * version. */
    int (*load_state)(void *self, struct state *ret, struct error *err);
    int (*commit_state)(void *self, const struct state *state, struct error *err);
    /* A run and what it asks, see run-json.h. */
    int (*load_run)(void *self, uint32_t id, struct run **ret, struct expanded_analysis **ret_asked, struct error *err);
    int (*commit_run)(void *self, const struct run *run, const struct expanded_analysis *asked, struct error *err);
    int (*load_revision)(void *self, uint32_t number, struct revision **ret, struct error *err);
    int (*commit_revision)(void *self, const struct revision *revision, struct error *err);
    /* Writes env and release of an instance for a revision and swaps instances/INSTANCE to it. Only while its unit is
     * inactive. RELEASE NULL: none. ENDPOINT port 0: keep the one in the env that is there. -ENOENT when the release is
     * missing. */
    int (*place)(void *self, enum color color, uint32_t number, const struct revision *revision, const char *release,
                 const struct endpoint *endpoint, struct error *err);
    /* The newest revision with a number below BELOW, of those that instances are placed at, or of all. 0: none. */
    uint32_t (*newest)(void *self, bool placed, uint32_t below);
    /* The highest numbers that a revision and a run ever had here; 0: none. */
    int (*highest)(void *self, uint32_t *ret_revision, uint32_t *ret_run, struct error *err);
    /* Removes revisions that are not in the state's history or slots, and runs that belong to none. Best effort. */
    int (*prune)(void *self, const struct state *state, struct error *err);
};

#endif
