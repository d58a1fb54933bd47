/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/file-store.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "common/text.h"
#include "core/decide.h"
#include "store/folders.h"
#include "store/run-json.h"
#include "store/state-json.h"

int store_path(const struct file_store *store, char *ret, struct error *err, const char *format, ...) {
    size_t len = strlen(store->folder);
    va_list args;
    va_start(args, format);
    int n = -1;
    if (len + 1 < PATH_MAX) {
        memcpy(ret, store->folder, len);
        ret[len] = '/';
        n = vsnprintf(ret + len + 1, PATH_MAX - len - 1, format, args);
    }
    va_end(args);
    if (n < 0 || (size_t)n >= PATH_MAX - len - 1)
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", store->folder);
    return 0;
}

/* Where it is kept whether a folder is durable; NULL for what is made sure of each time, as it is rarely asked for. */
static bool *known_durable(struct file_store *store, const char *below, size_t len) {
    static const char *const names[] = {"runs", "revisions", "instances"};
    for (size_t i = 0; i < ELEMENTS(names); i++)
        if (strlen(names[i]) == len && strncmp(names[i], below, len) == 0)
            return &store->durable_below[i];
    return NULL;
}

int store_make_folders(struct file_store *store, const char *below, struct error *err) {
    char path[PATH_MAX];
    int r = make_dir_again(store->folder, FOLDER_MODE, &store->durable, err);
    for (const char *end = below; r == 0 && *end; end += *end == '/') {
        end = strchrnul(end, '/');
        bool once = false, *known = known_durable(store, below, (size_t)(end - below));
        r = store_path(store, path, err, "%.*s", (int)(end - below), below);
        if (r == 0)
            r = make_dir_again(path, FOLDER_MODE, known ? known : &once, err);
    }
    return r;
}

static int load_state(void *self, struct state *ret, struct error *err) {
    _cleanup_free_ char *text = NULL;
    char path[PATH_MAX];
    size_t len = 0;
    int r = store_path(self, path, err, "state.json");
    if (r == 0)
        r = file_read(path, STATE_TEXT_MAX, &text, &len, err);
    if (r < 0)
        return r;

    _cleanup_free_ struct state *state = malloc(sizeof(*state));
    if (!state)
        return error_set(err, -ENOMEM, "no memory for the state");
    r = state_from_json(text, len, state, err);
    if (r < 0) {
        (void)error_prefix(err, "%s", path);
        return r;
    }
    const char *wrong = state_invalid(state);
    if (wrong)
        return error_set(err, -EBADMSG, "%s: %s", path, wrong);
    *ret = *state;
    return 0;
}

static int commit_state(void *self, const struct state *state, struct error *err) {
    _cleanup_free_ char *text = NULL;
    char path[PATH_MAX];
    size_t len = 0;
    int r = store_path(self, path, err, "state.json");
    if (r == 0)
        r = state_to_json(state, &text, &len, err);
    if (r == 0)
        r = store_make_folders(self, "", err);
    return r < 0 ? r : file_write_atomic(path, text, len, FILE_MODE, err);
}

int run_load(void *self, uint32_t id, struct run **ret, struct expanded_analysis **ret_asked, struct error *err) {
    _cleanup_free_ char *text = NULL;
    _cleanup_free_ struct run *run = NULL;
    struct expanded_analysis *asked = NULL;
    char path[PATH_MAX];
    size_t len = 0;
    int r = store_path(self, path, err, "runs/%u.json", id);
    if (r == 0)
        r = file_read(path, RUN_TEXT_MAX, &text, &len, err);
    if (r < 0)
        return r;
    r = run_from_json(text, len, &run, ret_asked ? &asked : NULL, err);
    if (r < 0) {
        (void)error_prefix(err, "%s", path);
        return r;
    }
    if (run->id != id) {
        (void)expanded_analysis_free(asked);
        return error_set(err, -EBADMSG, "%s: holds run %u, expected %u", path, run->id, id);
    }
    *ret = take_pointer(run);
    if (ret_asked)
        *ret_asked = asked;
    return 0;
}

static int commit_run(void *self, const struct run *run, const struct expanded_analysis *asked, struct error *err) {
    _cleanup_free_ char *text = NULL;
    char path[PATH_MAX];
    size_t len = 0;
    int r = store_path(self, path, err, "runs/%u.json", run->id);
    if (r == 0)
        r = run_to_json(run, asked, &text, &len, err);
    if (r == 0)
        r = store_make_folders(self, "runs", err);
    return r < 0 ? r : file_write_atomic(path, text, len, FILE_MODE, err);
}

int file_store_new(const char *folder, const char *app, struct store *ret, struct error *err) {
    struct file_store *self = calloc(1, sizeof(*self));
    struct store store = {
        .self = self,
        .load_state = load_state,
        .commit_state = commit_state,
        .load_run = run_load,
        .commit_run = commit_run,
        .load_revision = revision_load,
        .commit_revision = revision_commit,
        .place = instance_place,
        .newest = store_newest,
        .highest = store_highest,
        .prune = store_prune,
    };
    if (self) {
        self->folder = strdup(folder);
        self->app = strdup(app);
    }
    if (!self || !self->folder || !self->app) {
        file_store_done(&store);
        return error_set(err, -ENOMEM, "no memory for the store");
    }
    *ret = store;
    return 0;
}

void file_store_done(struct store *store) {
    struct file_store *self = store->self;
    if (self) {
        free(self->folder);
        free(self->app);
        free(self);
    }
    *store = (struct store){0};
}
