/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which address and method does what. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http.h"
#include "common/cleanup.h"
#include "common/text.h"

#define VERBS_PREFIX "/v1/rollout/"

struct route {
    const char *path; /* one that ends in / takes a number behind it */
    void (*answer)(const struct api_handler *handler, const struct http_request *request, uint32_t number,
                   struct http_response *ret);
};

static void get_rollout(const struct api_handler *handler, const struct http_request *request, uint32_t number,
                        struct http_response *ret) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(ANSWER_MAX);
    view_put_rollout(&json, handler);
    http_json(ret, 200, &json);
}

static void get_revisions(const struct api_handler *handler, const struct http_request *request, uint32_t number,
                          struct http_response *ret) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(ANSWER_MAX);
    view_put_revisions(&json, handler);
    http_json(ret, 200, &json);
}

static void get_revision(const struct api_handler *handler, const struct http_request *request, uint32_t number,
                         struct http_response *ret) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(ANSWER_MAX);
    if (view_put_revision(&json, handler, number) < 0)
        http_problem(ret, PROBLEM_NOT_FOUND, 0, "no such revision, or it is older than the history");
    else
        http_json(ret, 200, &json);
}

static void get_runs(const struct api_handler *handler, const struct http_request *request, uint32_t number,
                     struct http_response *ret) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(ANSWER_MAX);
    view_put_runs(&json, handler, NULL, 0);
    http_json(ret, 200, &json);
}

static void get_run(const struct api_handler *handler, const struct http_request *request, uint32_t number,
                    struct http_response *ret) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(ANSWER_MAX);
    struct run_view run;
    struct error err = {0};
    int r = handler->run(handler->userdata, number, &run, &err);
    if (r == -ENOENT) {
        http_problem(ret, PROBLEM_NOT_FOUND, 0, "no such analysis run, or it went with its revision");
    } else if (r < 0) {
        http_problem(ret, PROBLEM_FAILED, 0, err.text);
    } else {
        view_put_run(&json, &run, RUN_WHOLE);
        http_json(ret, 200, &json);
    }
}

static void get_events(const struct api_handler *handler, const struct http_request *request, uint32_t number,
                       struct http_response *ret) {
    uint32_t after = view_newest_event(handler);
    if (request->last_event_id) {
        char *end;
        errno = 0;
        unsigned long given = strtoul(request->last_event_id, &end, 10);
        if (errno != 0 || end == request->last_event_id || *end || *request->last_event_id == '-' ||
            given > UINT32_MAX) {
            http_problem(ret, PROBLEM_INVALID, 0, "Last-Event-ID: expected the number of an event");
            return;
        }
        /* After a lost state numbers begin anew: then everything is new to this reader. */
        after = given > after ? 0 : (uint32_t)given;
    }
    *ret = (struct http_response){.status = 200, .type = "text/event-stream", .stream = true, .after = after};
}

static const struct route routes[] = {
    {"/v1/rollout", get_rollout}, {"/v1/revisions", get_revisions}, {"/v1/revisions/", get_revision},
    {"/v1/runs", get_runs},       {"/v1/runs/", get_run},           {"/v1/events", get_events},
};

static const struct route *find_route(const char *path, uint32_t *ret_number) {
    for (const struct route *route = routes; route < routes + sizeof(routes) / sizeof(routes[0]); route++) {
        size_t len = strlen(route->path);
        bool takes_number = route->path[len - 1] == '/';
        if (takes_number ? strncmp(path, route->path, len) == 0 && text_to_u32(path + len, ret_number)
                         : strcmp(path, route->path) == 0)
            return route;
    }
    return NULL;
}

/* ---------------------------------------------------------------- verbs */

const char *verdict_word(enum verdict verdict) {
    switch (verdict) {
    case VERDICT_ACCEPTED:
        return "accepted";
    case VERDICT_ALREADY:
        return "already";
    case VERDICT_ATTACHED:
        return "attached";
    case VERDICT_REFUSED:
    case VERDICT_UNEXPECTED:
        break;
    }
    return NULL;
}

/* False: it isn't refused. */
static bool answer_refusal(const struct command_result *result, struct http_response *ret) {
    if (verdict_word(result->verdict))
        return false;
    http_problem(ret, result->verdict == VERDICT_REFUSED ? PROBLEM_REFUSED : PROBLEM_UNEXPECTED, result->revision,
                 result->message);
    return true;
}

static void answer_result(const struct command_result *result, struct http_response *ret) {
    if (answer_refusal(result, ret))
        return;
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(ANSWER_MAX);
    json_open_object(&json, NULL);
    json_put_string(&json, "verdict", verdict_word(result->verdict));
    if (result->revision > 0)
        json_put_u32(&json, "revision", result->revision);
    else
        json_put_null(&json, "revision");
    json_put_text(&json, "message", result->message);
    view_put_wall(&json, "waitsUntil", result->waits_until);
    json_close(&json);
    http_json(ret, result->verdict == VERDICT_ACCEPTED ? 202 : 200, &json);
}

static enum problem problem_of(int code) {
    switch (code) {
    case -EINVAL:
    case -ENOENT:
    case -ENOTDIR:
        return PROBLEM_INVALID;
    case -ENOEXEC:
        return PROBLEM_CONFIGURATION;
    default:
        return PROBLEM_FAILED;
    }
}

static int answer_plan(const struct api_handler *handler, const struct api_command *asked, struct http_response *ret,
                       struct error *err) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(ANSWER_MAX);
    struct api_plan plan = {0};
    int r = handler->plan(handler->userdata, asked, &plan, err);
    if (r < 0 || answer_refusal(&plan.result, ret))
        return r;
    view_put_plan(&json, &plan);
    http_json(ret, 200, &json);
    return 0;
}

static int answer_command(const struct api_handler *handler, const struct api_command *asked, struct http_response *ret,
                          struct error *err) {
    struct command_result result = {0};
    int r = handler->command(handler->userdata, asked, &result, err);
    if (r == 0)
        answer_result(&result, ret);
    return r;
}

static void answer_verb(const struct api_handler *handler, const struct http_request *request, enum verb verb,
                        struct http_response *ret) {
    struct error err = {0};
    struct api_command asked;
    int r = body_parse(verb, request->body, request->body_len, &asked, &err);
    if (r < 0) {
        http_problem(ret, r == -ENOMEM ? PROBLEM_FAILED : PROBLEM_INVALID, 0, err.text);
    } else {
        asked.command.uid = request->uid;
        asked.command.login_uid = request->login_uid;
        asked.asked_at = request->asked_at;
        r = request->dry_run ? answer_plan(handler, &asked, ret, &err) : answer_command(handler, &asked, ret, &err);
        if (r == -EAGAIN)
            *ret = (struct http_response){.later = true};
        else if (r < 0)
            http_problem(ret, problem_of(r), 0, err.text);
    }
    body_done(&asked);
}

/* Begins a run by hand; who asked looks at it in /v1/runs. */
static void answer_analyze(const struct api_handler *handler, const struct http_request *request,
                           struct http_response *ret) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(ANSWER_MAX);
    struct api_analysis asked = {.uid = request->uid, .login_uid = request->login_uid};
    struct error err = {0};
    char message[64];
    uint32_t run = 0;
    int r = body_parse_analysis(request->body, request->body_len, &asked, &err);
    if (r == 0)
        r = handler->analyze(handler->userdata, &asked, &run, &err);
    if (r < 0) {
        http_problem(ret, r == -ENOTCONN || r == -EBUSY ? PROBLEM_REFUSED : problem_of(r), 0, err.text);
        return;
    }
    (void)snprintf(message, sizeof message, "analysis run %u begins", run);
    json_open_object(&json, NULL);
    json_put_string(&json, "verdict", "accepted");
    json_put_u32(&json, "run", run);
    json_put_string(&json, "message", message);
    json_close(&json);
    http_json(ret, 202, &json);
}

/* Whoever asks for a dry run, however he spells it, wants nothing to happen. */
static bool wrong_parameters(const struct http_request *request, enum verb verb, struct http_response *ret) {
    const char *why = request->unknown                     ? "behind the ?: expected only dryRun=1"
                      : !request->dry_run                  ? NULL
                      : verb != VERB_DEPLOY                ? "dryRun: only a deploy has a plan"
                      : strcmp(request->dry_run, "1") != 0 ? "dryRun: expected 1"
                                                           : NULL;
    if (why)
        http_problem(ret, PROBLEM_INVALID, 0, why);
    return why;
}

static void wrong_method(struct http_response *ret, const char *allowed) {
    http_problem(ret, PROBLEM_METHOD, 0, allowed);
    ret->allow = allowed;
}

void http_answer(const struct api_handler *handler, const struct http_request *request, struct http_response *ret) {
    enum verb verb = VERBS;
    uint32_t number = 0;
    bool analyze = strcmp(request->path, VERBS_PREFIX "analyze") == 0; /* no verb: it changes no rollout */
    bool reads = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
    const struct route *route = find_route(request->path, &number);
    if (route && reads)
        route->answer(handler, request, number, ret);
    else if (route)
        wrong_method(ret, "GET, HEAD");
    else if (!analyze && (strncmp(request->path, VERBS_PREFIX, strlen(VERBS_PREFIX)) != 0 ||
                          verb_from_string(request->path + strlen(VERBS_PREFIX), &verb) < 0))
        http_problem(ret, PROBLEM_NOT_FOUND, 0, "there is nothing at this address");
    else if (strcmp(request->method, "POST") != 0)
        wrong_method(ret, "POST");
    else if (!request->may_act)
        http_problem(ret, PROBLEM_READ_ONLY, 0, "verbs go to api.sock, which is open to root and the group rollout");
    else if (wrong_parameters(request, verb, ret))
        return;
    else if (analyze)
        answer_analyze(handler, request, ret);
    else
        answer_verb(handler, request, verb, ret);
}
