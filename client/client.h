/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control API's client: requests to one app's agent over its Unix sockets, every one bounded in time. */
#ifndef ROLLOUT_CLIENT_CLIENT_H
#define ROLLOUT_CLIENT_CLIENT_H

#include <stdbool.h>

#include "client/sse.h"
#include "common/error.h"
#include "common/json.h"
#include "common/time.h"

/* What the agent answered. */
struct answer_document {
    long status;     /* of HTTP */
    cJSON *document; /* owned */
};

void answer_document_done(struct answer_document *answer);
#define _cleanup_answer_ _cleanup_(answer_document_done)

struct client;

/* FOLDER holds api.sock and status.sock (/run/rollout/APP). Nothing is connected yet. */
int client_new(const char *folder, struct client **ret, struct error *err);
struct client *client_free(struct client *client);

static inline void client_cleanup(struct client **client) {
    *client = client_free(*client);
}

/* One request: acts by POST on api.sock, reads by GET (BODY NULL) there too where that is permitted, else from
 * status.sock. 0 whenever there was an answer in JSON, a problem too. -EHOSTUNREACH: nobody answers, or not in time;
 * -EACCES: not allowed to ask; -EBADMSG: the answer is none of ours. */
int client_ask(struct client *client, const char *path, const char *body, struct answer_document *ret,
               struct error *err);

/* The word of a problem document ("refused"), "" when it is none; *ret_detail (may be NULL) is its sentence. Both live
 * as long as the answer. */
const char *answer_problem(const struct answer_document *answer, const char **ret_detail);

/* Events as they come. Waits at most TIMEOUT: 1 with an event or a sign of life (name ""), 0 when there was none in
 * time; negative when the stream ended, which the next call begins anew, after the last event that came. -EHOSTUNREACH
 * as above. */
int client_next_event(struct client *client, usec_t timeout, struct sse_event *ret, struct error *err);

#endif
