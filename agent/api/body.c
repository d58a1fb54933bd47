/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a verb is asked with: strict JSON, so that a misspelled field is never a field left out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/http.h"
#include "common/json.h"
#include "common/text.h"

/* {"KEY": "value"} -> "KEY=value" */
static int get_env(const cJSON *object, char ***ret, struct error *err) {
    int n = cJSON_GetArraySize(object);
    if (n > ENV_PAIRS_MAX)
        return json_error(object, NULL, err, -EINVAL, "%d variables, expected at most %d", n, ENV_PAIRS_MAX);
    char **env = calloc((size_t)n + 1, sizeof(*env));
    *ret = env;
    if (!env)
        return error_set(err, -ENOMEM, "no memory for the environment");
    json_for_each(member, object) {
        const char *value;
        int r = json_get_string(object, member->string, &value, err);
        if (r < 0)
            return r;
        if (asprintf(env, "%s=%s", member->string, value) < 0) {
            *env = NULL;
            return error_set(err, -ENOMEM, "no memory for the environment");
        }
        env++;
    }
    return 0;
}

static int get_expected(const cJSON *document, struct command *command, struct error *err) {
    static const char *const known[] = {"revision", "step"};
    const cJSON *expect = NULL;
    int r = json_opt_object(document, "expect", &expect, err);
    if (r <= 0)
        return r;
    r = json_known_keys(expect, known, ELEMENTS(known), err);
    if (r == 0)
        r = json_opt_u32(expect, "revision", &command->revision, err);
    if (r < 0)
        return r;
    command->expect_revision = r > 0;
    r = json_opt_u32(expect, "step", &command->step, err);
    if (r < 0)
        return r;
    command->expect_step = r > 0;
    return 0;
}

static int get_deploy(const cJSON *document, struct api_command *ret, struct error *err) {
    const cJSON *env = NULL;
    int r = json_copy_string(document, "version", ret->command.version, sizeof(ret->command.version), err);
    if (r == 0 && !version_valid(ret->command.version))
        r = json_error(document, "version", err, -EINVAL,
                       "not a version: a letter or digit, then at most 127 of A-Z a-z 0-9 . _ + : ~ -");
    if (r == 0)
        r = json_opt_object(document, "env", &env, err);
    return r > 0 ? get_env(env, &ret->env, err) : r;
}

static int get_command(const cJSON *document, struct api_command *ret, struct error *err) {
    static const char *const of_deploy[] = {"expect", "version", "env", "now"},
                             *const of_promote[] = {"expect", "full"}, *const of_undo[] = {"expect", "toRevision"};
    if (!cJSON_IsObject(document))
        return json_error(document, NULL, err, -EINVAL, "expected an object");
    int r = 0;
    switch (ret->command.verb) {
    case VERB_DEPLOY:
        r = json_known_keys(document, of_deploy, ELEMENTS(of_deploy), err);
        if (r == 0)
            r = get_deploy(document, ret, err);
        if (r == 0)
            r = json_opt_bool(document, "now", &ret->command.now, err);
        break;
    case VERB_PROMOTE:
        r = json_known_keys(document, of_promote, ELEMENTS(of_promote), err);
        if (r == 0)
            r = json_opt_bool(document, "full", &ret->command.full, err);
        break;
    case VERB_UNDO:
        r = json_known_keys(document, of_undo, ELEMENTS(of_undo), err);
        if (r == 0)
            r = json_opt_u32(document, "toRevision", &ret->command.to_revision, err);
        break;
    case VERB_RESTART:
    case VERB_ABORT:
    case VERB_RETRY:
    case VERB_PAUSE:
    case VERB_RESUME:
    case VERBS:
        r = json_known_keys(document, of_promote, 1, err);
        break;
    }
    return r < 0 ? r : get_expected(document, &ret->command, err);
}

int body_parse(enum verb verb, const char *body, size_t len, struct api_command *ret, struct error *err) {
    *ret = (struct api_command){.command.verb = verb};
    if (len == 0) {
        body = "{}";
        len = 2;
    }
    _cleanup_json_ cJSON *document = NULL;
    int r = json_parse(body, len, &document, err);
    if (r == 0)
        r = get_command(document, ret, err);
    return r;
}

/* {"KEY": "value"}, as with -a on the command line. */
static int get_args(const cJSON *object, struct analysis_use *use, struct error *err) {
    json_for_each(member, object) {
        const char *value;
        int r = json_get_string(object, member->string, &value, err);
        if (r == 0)
            r = analysis_use_give(use, member->string, value, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int body_parse_analysis(const char *body, size_t len, struct api_analysis *ret, struct error *err) {
    static const char *const known[] = {"name", "args"};
    _cleanup_json_ cJSON *document = NULL;
    const cJSON *args = NULL;
    const char *name;
    int r = json_parse(body, len, &document, err);
    if (r == 0 && !cJSON_IsObject(document))
        r = json_error(document, NULL, err, -EINVAL, "expected an object");
    if (r == 0)
        r = json_known_keys(document, known, ELEMENTS(known), err);
    if (r == 0)
        r = json_get_string(document, "name", &name, err);
    if (r == 0 && (*name == '\0' || strpbrk(name, " \t=")))
        r = json_error(document, "name", err, -EINVAL, "expected the name of a template or metric");
    if (r == 0)
        r = analysis_use_add(&ret->use, name, err);
    if (r == 0)
        r = json_opt_object(document, "args", &args, err);
    return r > 0 ? get_args(args, &ret->use, err) : r;
}

void body_done(struct api_command *command) {
    for (char **pair = command->env; pair && *pair; pair++)
        free(*pair);
    free(command->env);
    command->env = NULL;
}
