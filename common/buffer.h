/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A byte buffer that grows up to a bound. The first failure sticks and later appends do nothing, so a text is put
 * together in one go and checked once, at the end. */
#ifndef ROLLOUT_COMMON_BUFFER_H
#define ROLLOUT_COMMON_BUFFER_H

#include <stddef.h>

#include "common/cleanup.h"

struct buffer {
    char *data; /* NULL until the first append; afterwards there is a NUL behind the last byte */
    size_t len;
    size_t size; /* allocated */
    size_t max;  /* bound of len */
    int error;   /* 0, -ENOBUFS (bound reached), -ENOMEM */
};

/* struct buffer text = BUFFER(64 * 1024); */
#define BUFFER(bound) ((struct buffer){.max = (bound)})

/* All appends return buffer->error. An append that fails adds nothing. */
int buffer_append(struct buffer *buffer, const void *bytes, size_t len);
int buffer_puts(struct buffer *buffer, const char *text);
int buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The content as a string, "" when empty. Valid until the next append. */
const char *buffer_text(const struct buffer *buffer);

/* Drops the first len bytes (what has been sent or read). len is at most buffer->len. */
void buffer_consume(struct buffer *buffer, size_t len);

/* Hands the content to the caller, who frees it, and leaves the buffer empty. Returns buffer->error, with *ret_data and
 * *ret_len (may be NULL) untouched, when building it failed. */
int buffer_take(struct buffer *buffer, char **ret_data, size_t *ret_len);

/* Frees the content and clears the error; the bound stays. */
void buffer_reset(struct buffer *buffer);

#define _cleanup_buffer_ _cleanup_(buffer_reset)

#endif
