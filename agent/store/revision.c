/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* revisions/N: what a revision is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/digest.h"
#include "common/files.h"
#include "common/json-writer.h"
#include "common/json.h"
#include "store/environment.h"
#include "store/fields.h"
#include "store/folders.h"

#define REVISION_SCHEMA 1
#define REVISION_READER 1
#define REVISION_TEXT_MAX ((size_t)1 << 20)
#define SPEC_TEXT_MAX ((size_t)4 << 20)

struct revision *revision_free(struct revision *revision) {
    if (revision) {
        for (char **pair = revision->env; pair && *pair; pair++)
            free(*pair);
        free(revision->env);
        free(revision->spec_text);
        free(revision);
    }
    return NULL;
}

static void revision_cleanup(struct revision **revision) {
    *revision = revision_free(*revision);
}

static int compare_pairs(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct id128 revision_identity(const char *version, char *const *env) {
    const char *sorted[ENV_PAIRS_MAX];
    size_t n = 0;
    for (; env && env[n] && n < ENV_PAIRS_MAX; n++)
        sorted[n] = env[n];
    qsort(sorted, n, sizeof(sorted[0]), compare_pairs);

    /* No text holds a NUL, so one behind each keeps apart what is not the same. */
    _cleanup_buffer_ struct buffer all = BUFFER(SIZE_MAX);
    (void)buffer_append(&all, version, strlen(version) + 1);
    for (size_t i = 0; i < n; i++)
        (void)buffer_append(&all, sorted[i], strlen(sorted[i]) + 1);

    uint8_t digest[DIGEST_SIZE];
    struct id128 identity = {0};
    if (all.error == 0 && digest_sha256(all.data, all.len, digest) == 0)
        memcpy(identity.bytes, digest, sizeof(identity.bytes));
    return identity;
}

static int revision_to_json(const struct revision *revision, char **ret_text, size_t *ret_len, struct error *err) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER_PRETTY(REVISION_TEXT_MAX);
    json_open_object(&json, NULL);
    json_put_u32(&json, "schema", REVISION_SCHEMA);
    json_put_u32(&json, "reader", REVISION_READER);
    json_put_u32(&json, "revision", revision->number);
    json_put_string(&json, "version", revision->version);
    json_open_array(&json, "env");
    for (char **pair = revision->env; pair && *pair; pair++)
        json_put_string(&json, NULL, *pair);
    json_close(&json);
    json_close(&json);
    return json_finish(&json, ret_text, ret_len, err);
}

static int get_env(const cJSON *document, struct revision *revision, struct error *err) {
    const cJSON *pairs;
    int r = json_get_array(document, "env", &pairs, err);
    if (r < 0)
        return r;
    size_t n = 0, size = (size_t)cJSON_GetArraySize(pairs);
    if (size > ENV_PAIRS_MAX)
        return json_error(document, "env", err, -ERANGE, "more than %d", ENV_PAIRS_MAX);
    revision->env = calloc(size + 1, sizeof(*revision->env));
    if (!revision->env)
        return error_set(err, -ENOMEM, "no memory for a revision");
    json_for_each(item, pairs) {
        if (!cJSON_IsString(item))
            return json_error(document, "env", err, -EINVAL, "expected strings");
        r = env_pair_check(item->valuestring, err);
        if (r < 0)
            return r;
        revision->env[n] = strdup(item->valuestring);
        if (!revision->env[n++])
            return error_set(err, -ENOMEM, "no memory for a revision");
    }
    return 0;
}

static int get_revision(const char *text, size_t len, uint32_t number, struct revision *revision, struct error *err) {
    _cleanup_json_ cJSON *document = NULL;
    int r = json_parse(text, len, &document, err);
    if (r == 0)
        r = schema_check(document, REVISION_SCHEMA, err);
    if (r == 0)
        r = json_get_u32(document, "revision", &revision->number, err);
    if (r == 0 && revision->number != number)
        r = json_error(document, "revision", err, -EINVAL, "%u, expected %u", revision->number, number);
    if (r == 0)
        r = json_copy_string(document, "version", revision->version, sizeof(revision->version), err);
    if (r == 0 && !version_valid(revision->version))
        r = json_error(document, "version", err, -EINVAL, "no valid version");
    if (r == 0)
        r = get_env(document, revision, err);
    if (r < 0 && r != -ENOMEM && r != -EPROTONOSUPPORT) {
        r = -EBADMSG;
        if (err)
            err->code = r;
    }
    return r;
}

int revision_load(void *self, uint32_t number, struct revision **ret, struct error *err) {
    _cleanup_(revision_cleanup) struct revision *revision = calloc(1, sizeof(*revision));
    _cleanup_free_ char *text = NULL;
    char path[PATH_MAX];
    size_t len = 0;
    if (!revision)
        return error_set(err, -ENOMEM, "no memory for a revision");
    int r = store_path(self, path, err, "revisions/%u/revision.json", number);
    if (r == 0)
        r = file_read(path, REVISION_TEXT_MAX, &text, &len, err);
    if (r < 0)
        return r;
    r = get_revision(text, len, number, revision, err);
    if (r < 0) {
        (void)error_prefix(err, "%s", path);
        return r;
    }
    r = store_path(self, path, err, "revisions/%u/rollout.conf", number);
    if (r == 0)
        r = file_read(path, SPEC_TEXT_MAX, &revision->spec_text, NULL, err);
    if (r == 0)
        *ret = take_pointer(revision);
    return r;
}

int revision_commit(void *self, const struct revision *revision, struct error *err) {
    _cleanup_free_ char *text = NULL;
    char path[PATH_MAX], folder[32];
    size_t len = 0;
    (void)snprintf(folder, sizeof(folder), "revisions/%u", revision->number);
    int r = revision_to_json(revision, &text, &len, err);
    if (r == 0)
        r = store_make_folders(self, folder, err);
    if (r == 0)
        r = store_path(self, path, err, "%s/rollout.conf", folder);
    if (r == 0)
        r = file_write_atomic(path, revision->spec_text, strlen(revision->spec_text), FILE_MODE, err);
    /* Last: a revision that has it is whole. */
    if (r == 0)
        r = store_path(self, path, err, "%s/revision.json", folder);
    return r < 0 ? r : file_write_atomic(path, text, len, FILE_MODE, err);
}
