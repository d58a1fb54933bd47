/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lies under a number: the highest ones, and the removal of what nobody speaks of any more. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "common/log.h"
#include "core/words.h"
#include "store/folders.h"

#define RUNS_BY_HAND_KEPT 50

static void closedir_cleanup(DIR **folder) {
    if (*folder)
        (void)closedir(*folder);
}

/* "17" or "17.json" -> 17; 0 for what isn't such a name. */
static uint32_t number_of(const char *name, const char *suffix) {
    char *end;
    if (*name < '1' || *name > '9')
        return 0;
    errno = 0;
    unsigned long number = strtoul(name, &end, 10);
    return errno == 0 && number <= UINT32_MAX && strcmp(end, suffix) == 0 ? (uint32_t)number : 0;
}

/* A link stays good even of an instance that will not start again as it is: its env tells what ran there. */
static bool linked(const struct file_store *store, uint32_t revision) {
    for (uint32_t number = 0; number < REPLICAS_MAX; number++)
        for (enum color color = BLUE; color < COLORS; color++)
            if (instance_revision(store, color, number) == revision)
                return true;
    return false;
}

static bool revision_needed(const struct state *state, uint32_t revision) {
    bool needed = revision == state->rollout.revision || revision >= state->next_revision;
    for (enum color color = BLUE; color < COLORS; color++)
        needed |= revision == state->slots[color].revision;
    for (uint32_t i = 0; i < state->n_history; i++)
        needed |= revision == state->history[i].revision;
    return needed;
}

static bool keep_revision(struct file_store *store, const struct state *state, uint32_t number) {
    return revision_needed(state, number) || linked(store, number);
}

static bool keep_run(struct file_store *store, const struct state *state, uint32_t id) {
    if (id == state->rollout.step_run.id || id == state->rollout.background_run.id || id >= state->next_run)
        return true;
    _cleanup_free_ struct run *run = NULL;
    int r = run_load(store, id, &run, NULL, NULL);
    if (r < 0)
        return r != -EBADMSG;
    return run->revision == 0 ? id + RUNS_BY_HAND_KEPT >= state->next_run : revision_needed(state, run->revision);
}

/* Removes what lies in a folder under a number and isn't to be kept; the first error is returned, the rest is tried all
 * the same. */
static int prune_folder(struct file_store *store, const struct state *state, const char *below, const char *suffix,
                        bool (*keep)(struct file_store *, const struct state *, uint32_t), struct error *err) {
    char path[PATH_MAX];
    int r = store_path(store, path, err, "%s", below), first = 0;
    if (r < 0)
        return r;
    _cleanup_(closedir_cleanup) DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? 0 : error_set(err, -errno, "cannot open the folder %s: %s", path, strerror(errno));
    for (struct dirent *entry; (entry = readdir(folder));) {
        uint32_t number = number_of(entry->d_name, suffix);
        if (number == 0 || keep(store, state, number))
            continue;
        log_debug("store", "removing %s/%s", below, entry->d_name);
        r = store_path(store, path, first ? NULL : err, "%s/%s", below, entry->d_name);
        if (r == 0)
            r = remove_tree(path, first ? NULL : err);
        if (first == 0)
            first = r;
    }
    return first;
}

static int highest_in(const struct file_store *store, const char *name, const char *suffix, uint32_t below,
                      uint32_t *ret, struct error *err) {
    char path[PATH_MAX];
    int r = store_path(store, path, err, "%s", name);
    if (r < 0)
        return r;
    _cleanup_(closedir_cleanup) DIR *folder = opendir(path);
    if (!folder && errno != ENOENT)
        return error_set(err, -errno, "cannot open the folder %s: %s", path, strerror(errno));
    *ret = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        uint32_t number = number_of(entry->d_name, suffix);
        *ret = number > *ret && number < below ? number : *ret;
    }
    return 0;
}

uint32_t store_newest(void *self, bool placed, uint32_t below) {
    uint32_t newest = 0;
    if (!placed)
        return highest_in(self, "revisions", "", below, &newest, NULL) < 0 ? 0 : newest;
    for (uint32_t number = 0; number < REPLICAS_MAX; number++)
        for (enum color color = BLUE; color < COLORS; color++) {
            uint32_t revision = instance_revision(self, color, number);
            newest = revision > newest && revision < below ? revision : newest;
        }
    return newest;
}

int store_highest(void *self, uint32_t *ret_revision, uint32_t *ret_run, struct error *err) {
    uint32_t revision, run;
    int r = highest_in(self, "revisions", "", UINT32_MAX, &revision, err);
    if (r == 0)
        r = highest_in(self, "runs", ".json", UINT32_MAX, &run, err);
    if (r < 0)
        return r;
    *ret_revision = revision;
    *ret_run = run;
    return 0;
}

int store_prune(void *self, const struct state *state, struct error *err) {
    int r = prune_folder(self, state, "runs", ".json", keep_run, err);
    int s = prune_folder(self, state, "revisions", "", keep_revision, r < 0 ? NULL : err);
    return r < 0 ? r : s;
}
