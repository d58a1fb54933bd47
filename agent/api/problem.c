/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "api/http.h"

struct problem_kind {
    unsigned status;
    const char *word, *title;
};

static const struct problem_kind kinds[] = {
    [PROBLEM_INVALID] = {400, "invalid", "The request is not valid"},
    [PROBLEM_READ_ONLY] = {403, "read-only", "This socket only reads"},
    [PROBLEM_NOT_FOUND] = {404, "not-found", "There is no such thing"},
    [PROBLEM_METHOD] = {405, "method", "This method does not fit the address"},
    [PROBLEM_TOO_LONG] = {413, "too-long", "The request is too long"},
    [PROBLEM_REFUSED] = {409, "refused", "Makes no sense in this phase"},
    [PROBLEM_UNEXPECTED] = {409, "unexpected", "What was expected does not hold"},
    [PROBLEM_CONFIGURATION] = {422, "configuration", "The configuration is not valid"},
    [PROBLEM_FAILED] = {503, "failed", "It could not be carried out"},
    [PROBLEM_BUSY] = {503, "busy", "Too many readers"},
};

static void finish(struct http_response *ret, unsigned status, const char *type, struct json_writer *json) {
    *ret = (struct http_response){.status = status, .type = type};
    if (json_finish(json, &ret->body, &ret->len, NULL) < 0)
        ret->status = 500;
}

void http_problem(struct http_response *ret, enum problem problem, uint32_t revision, const char *detail) {
    const struct problem_kind *kind = &kinds[problem];
    char type[64];
    (void)snprintf(type, sizeof(type), "urn:rollout:problem:%s", kind->word);
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(ANSWER_MAX);
    json_open_object(&json, NULL);
    json_put_string(&json, "type", type);
    json_put_string(&json, "title", kind->title);
    json_put_u32(&json, "status", kind->status);
    json_put_text(&json, "detail", detail);
    if (revision > 0)
        json_put_u32(&json, "revision", revision);
    json_close(&json);
    finish(ret, kind->status, "application/problem+json", &json);
}

void http_json(struct http_response *ret, unsigned status, struct json_writer *json) {
    finish(ret, status, "application/json", json);
}
