/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream of server-sent events, cut into events as its bytes arrive. Pure. */
#ifndef ROLLOUT_CLIENT_SSE_H
#define ROLLOUT_CLIENT_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"

#define SSE_TEXT_MAX ((size_t)256 * 1024)

struct sse {
    struct buffer text; /* arrived, not read */
};

struct sse_event {
    uint32_t id;   /* 0: none */
    char name[64]; /* "" for a bare comment */
    char data[4096];
};

#define SSE_NULL ((struct sse){.text = BUFFER(SSE_TEXT_MAX)})

/* -ENOBUFS when more arrived than anybody read. */
int sse_feed(struct sse *sse, const char *bytes, size_t len);

/* Takes the next whole event, comments among them. False: there is none yet. What is too long for ret is cut. */
bool sse_next(struct sse *sse, struct sse_event *ret);

void sse_reset(struct sse *sse);

#endif
