/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lint found: each a line with its place and what to do. */
#ifndef ROLLOUT_CTL_FINDINGS_H
#define ROLLOUT_CTL_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/json-writer.h"

enum severity {
    SEVERITY_ERROR,   /* a rollout would not work, or would do something else than it says */
    SEVERITY_WARNING, /* it works, but something is lost, or left to chance, when things go wrong */
};

struct finding {
    enum severity severity;
    char *place; /* "/etc/haproxy/haproxy.cfg:31", a socket, a unit; NULL: in the text */
    char *text;
};

struct findings {
    struct finding *list;
    size_t n, n_errors;
};

/* PLACE may be NULL. What has no memory left is not listed, but an error still counts. */
void findings_add(struct findings *findings, enum severity severity, const char *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* An error whose place, if it has one, stands in front: "FILE:LINE: what". */
void findings_add_text(struct findings *findings, const char *text);

void findings_done(struct findings *findings);
#define _cleanup_findings_ _cleanup_(findings_done)

/* An array "findings" of objects with severity, place and message. */
void findings_put(const struct findings *findings, struct json_writer *json);

#endif
