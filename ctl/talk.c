/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "ctl/ctl.h"
#include "spec/spec.h"

const char *run_folder(void) {
    const char *given = getenv("ROLLOUT_RUN_DIR");
    return given && *given ? given : ROLLOUT_RUN_DIR;
}

enum exit_code say_failed(enum exit_code code, const char *format, ...) {
    va_list args;
    (void)fputs("rolloutctl: ", stderr);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    return code;
}

int talk_begin(const char *app, struct client **ret, struct error *err) {
    _cleanup_free_ char *folder = NULL;
    if (!app_name_valid(app))
        return error_set(err, -EINVAL, "\"%s\" is no name of an app: expected a-z, 0-9 and -, at most 63", SAFE(app));
    if (asprintf(&folder, "%s/%s", run_folder(), app) < 0) {
        folder = NULL;
        return error_set(err, -ENOMEM, "no memory");
    }
    return client_new(folder, ret, err);
}

static enum exit_code exit_of_problem(const char *word) {
    if (strcmp(word, "refused") == 0 || strcmp(word, "unexpected") == 0)
        return EXIT_REFUSED;
    if (strcmp(word, "failed") == 0 || strcmp(word, "busy") == 0)
        return EXIT_DEGRADED;
    return EXIT_USAGE;
}

enum exit_code talk_ask(struct client *client, const char *path, const char *body, struct answer_document *ret) {
    struct error err = {0};
    struct answer_document answer = {0};
    const char *detail;
    if (client_ask(client, path, body, &answer, &err) < 0)
        return say_failed(EXIT_UNREACHABLE, "%s", SAFE(err.text));
    const char *problem = answer_problem(&answer, &detail);
    if (!*problem) {
        *ret = answer;
        return EXIT_HOLDS;
    }
    enum exit_code code = say_failed(exit_of_problem(problem), "%s", SAFE_LINES(detail));
    answer_document_done(&answer);
    return code;
}
