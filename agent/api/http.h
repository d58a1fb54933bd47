/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within api/: one request and its answer, without the library that carries them. */
#ifndef ROLLOUT_API_HTTP_H
#define ROLLOUT_API_HTTP_H

#include "api/api.h"
#include "common/json-writer.h"

#define BODY_MAX ((size_t)64 * 1024)
#define ANSWER_MAX ((size_t)16 << 20)

struct http_request {
    const char *method, *path;
    const char *body;
    size_t body_len;
    const char *last_event_id; /* NULL: not given */
    const char *dry_run;       /* ?dryRun=; NULL: not given */
    const char *unknown;       /* another parameter behind the ?; NULL: none */
    bool may_act;              /* it came over api.sock */
    uint32_t uid, login_uid;
    usec_t asked_at; /* CLOCK_BOOTTIME: when it was answered for the first time */
};

struct http_response {
    unsigned status;
    const char *type;  /* Content-Type */
    const char *allow; /* methods, with a 405; else NULL */
    char *body;        /* freed by the caller; NULL: the answer could not be made, for want of memory */
    size_t len;
    bool stream; /* events follow, those after number `after` */
    uint32_t after;
    bool later; /* there is no answer yet: the same request is to be answered again soon */
};

/* Answers a request, whatever it is. */
void http_answer(const struct api_handler *handler, const struct http_request *request, struct http_response *ret);

/* Kinds of problem: the last word of "urn:rollout:problem:WORD". */
enum problem {
    PROBLEM_INVALID,       /* 400: the request is not as it should be */
    PROBLEM_READ_ONLY,     /* 403: status.sock */
    PROBLEM_NOT_FOUND,     /* 404 */
    PROBLEM_METHOD,        /* 405 */
    PROBLEM_TOO_LONG,      /* 413 */
    PROBLEM_REFUSED,       /* 409: makes no sense in this phase */
    PROBLEM_UNEXPECTED,    /* 409: what was expected doesn't hold */
    PROBLEM_CONFIGURATION, /* 422: the app's files are bad */
    PROBLEM_FAILED,        /* 503: it could not be carried out */
    PROBLEM_BUSY,          /* 503: too many streams */
};

/* An RFC 9457 document. DETAIL is a sentence for a person; REVISION 0: not about one. */
void http_problem(struct http_response *ret, enum problem problem, uint32_t revision, const char *detail);

/* Ends a JSON document as the answer. */
void http_json(struct http_response *ret, unsigned status, struct json_writer *json);

/* Reads the body of a verb. -EINVAL names the field. The caller calls body_done() whatever came of it. */
int body_parse(enum verb verb, const char *body, size_t len, struct api_command *ret, struct error *err);
void body_done(struct api_command *command);

/* Reads the body of an analysis by hand; the same errors. */
int body_parse_analysis(const char *body, size_t len, struct api_analysis *ret, struct error *err);

/* "accepted", ...; NULL for a refusal. */
const char *verdict_word(enum verdict verdict);

/* Puts the documents of reading requests, the whole as one value. */
void view_put_rollout(struct json_writer *json, const struct api_handler *handler);
void view_put_revisions(struct json_writer *json, const struct api_handler *handler);
int view_put_revision(struct json_writer *json, const struct api_handler *handler, uint32_t revision); /* -ENOENT */
/* The latest runs, of one revision or (0) of all. */
void view_put_runs(struct json_writer *json, const struct api_handler *handler, const char *key, uint32_t revision);

/* How much of a run is told: its verdict; its measurements; what was asked and how each was judged, too. */
enum run_detail { RUN_SUMMARY, RUN_MEASURED, RUN_WHOLE };
void view_put_run(struct json_writer *json, const struct run_view *view, enum run_detail detail);

/* {"uid", "loginUid"} of who did it. */
void view_put_by(struct json_writer *json, uint32_t uid, uint32_t login_uid);
/* A point of wall time, null for 0. */
void view_put_wall(struct json_writer *json, const char *key, usec_t wall);
/* null for NONE. */
void view_put_id(struct json_writer *json, const char *key, uint32_t id, uint32_t none);

/* What a deploy would do. */
void view_put_plan(struct json_writer *json, const struct api_plan *plan);

/* Appends the events after *after, as server-sent events, and moves *after on. */
int view_put_events(struct buffer *text, const struct api_handler *handler, uint32_t *after);

/* Number of the newest event. */
uint32_t view_newest_event(const struct api_handler *handler);

#endif
