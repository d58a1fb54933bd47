/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* instances/INSTANCE: which revision a unit runs at its next start. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "common/text.h"
#include "core/words.h"
#include "store/environment.h"
#include "store/folders.h"

#define REVISIONS "../revisions/" /* what links begin with */

static int known_endpoint(const struct file_store *store, const char *instance, struct endpoint *ret,
                          struct error *err) {
    _cleanup_free_ char *text = NULL;
    char path[PATH_MAX];
    int r = store_path(store, path, err, "instances/%s/env", instance);
    if (r == 0)
        r = file_read(path, ENVIRONMENT_TEXT_MAX, &text, NULL, err);
    if (r == 0)
        r = environment_endpoint(text, ret);
    if (r < 0)
        return error_set(err, -ENODATA, "the address of %s is not known: its server was never seen in HAProxy",
                         instance);
    return 0;
}

static void put_environment(struct buffer *text, const char *app, const char *instance, enum color color,
                            const struct revision *revision, const struct endpoint *endpoint) {
    char number[16];
    environment_put(text, "ROLLOUT_APP", app);
    environment_put(text, "ROLLOUT_VERSION", revision->version);
    environment_put(text, "ROLLOUT_COLOR", color_to_string(color));
    environment_put(text, "ROLLOUT_INSTANCE", instance);
    (void)snprintf(number, sizeof(number), "%u", revision->number);
    environment_put(text, "ROLLOUT_REVISION", number);
    environment_put(text, "HOST", endpoint->host);
    (void)snprintf(number, sizeof(number), "%u", endpoint->port);
    environment_put(text, "PORT", number);
    for (char **pair = revision->env; pair && *pair; pair++)
        environment_put_pair(text, *pair);
}

/* The link to the version's folder. */
static int write_release(const char *path, const char *release, struct error *err) {
    struct stat found;
    if (!release) {
        if (unlink(path) < 0 && errno != ENOENT)
            return error_set(err, -errno, "cannot remove %s: %s", path, strerror(errno));
        return 0;
    }
    if (stat(release, &found) < 0)
        return error_set(err, errno == ENOTDIR ? -ENOENT : -errno, "cannot use the release %s: %s", release,
                         strerror(errno));
    if (!S_ISDIR(found.st_mode))
        return error_set(err, -ENOENT, "the release %s is no folder", release);
    return symlink_swap(release, path, err);
}

int instance_place(void *self, enum color color, uint32_t number, const struct revision *revision, const char *release,
                   const struct endpoint *endpoint, struct error *err) {
    struct file_store *store = self;
    char instance[INSTANCE_NAME_MAX], folder[64], path[PATH_MAX], target[80];
    struct endpoint place = *endpoint;
    (void)instance_name(instance, color, number);
    (void)snprintf(folder, sizeof(folder), "revisions/%u/%s", revision->number, instance);
    (void)snprintf(target, sizeof(target), REVISIONS "%u/%s", revision->number, instance);

    int r = place.port > 0 ? 0 : known_endpoint(store, instance, &place, err);
    _cleanup_buffer_ struct buffer text = BUFFER(ENVIRONMENT_TEXT_MAX);
    put_environment(&text, store->app, instance, color, revision, &place);
    if (r == 0 && text.error < 0)
        r = error_set(err, text.error, "the environment of %s is too large", instance);

    if (r == 0)
        r = store_make_folders(store, folder, err);
    if (r == 0)
        r = store_path(store, path, err, "%s/release", folder);
    if (r == 0)
        r = write_release(path, release, err);
    if (r == 0)
        r = store_path(store, path, err, "%s/env", folder);
    if (r == 0)
        r = file_write_atomic(path, text.data, text.len, FILE_MODE, err);
    /* Everything is durable: now the one rename that counts. */
    if (r == 0)
        r = store_make_folders(store, "instances", err);
    if (r == 0)
        r = store_path(store, path, err, "instances/%s", instance);
    return r < 0 ? r : symlink_swap(target, path, err);
}

uint32_t instance_revision(const struct file_store *store, enum color color, uint32_t number) {
    char path[PATH_MAX], target[80];
    uint32_t revision = 0;
    if (store_path(store, path, NULL, "instances/%s", INSTANCE_NAME(color, number)) < 0)
        return 0;
    ssize_t n = readlink(path, target, sizeof(target) - 1);
    if (n < 0)
        return 0;
    target[n] = '\0';
    size_t prefix = strlen(REVISIONS);
    char *end = strncmp(target, REVISIONS, prefix) == 0 ? strchr(target + prefix, '/') : NULL;
    if (!end)
        return 0;
    *end = '\0';
    return text_to_u32(target + prefix, &revision) ? revision : 0;
}
