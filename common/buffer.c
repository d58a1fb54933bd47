/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/buffer.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* Makes room for len more bytes and a NUL. */
static int reserve(struct buffer *buffer, size_t len) {
    if (buffer->error < 0)
        return buffer->error;
    if (len > buffer->max - buffer->len)
        return buffer->error = -ENOBUFS;
    if (buffer->data && len < buffer->size - buffer->len)
        return 0;

    size_t size = buffer->size ? buffer->size : 128;
    while (size - buffer->len <= len)
        size *= 2;
    char *data = realloc(buffer->data, size);
    if (!data)
        return buffer->error = -ENOMEM;
    buffer->data = data;
    buffer->size = size;
    return 0;
}

int buffer_append(struct buffer *buffer, const void *bytes, size_t len) {
    if (reserve(buffer, len) < 0)
        return buffer->error;
    if (len > 0)
        memcpy(buffer->data + buffer->len, bytes, len);
    buffer->len += len;
    buffer->data[buffer->len] = '\0';
    return 0;
}

int buffer_puts(struct buffer *buffer, const char *text) {
    return buffer_append(buffer, text, strlen(text));
}

int buffer_printf(struct buffer *buffer, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int needed = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(needed >= 0);

    if (reserve(buffer, (size_t)needed) < 0)
        return buffer->error;
    va_start(args, format);
    (void)vsnprintf(buffer->data + buffer->len, (size_t)needed + 1, format, args);
    va_end(args);
    buffer->len += (size_t)needed;
    return 0;
}

const char *buffer_text(const struct buffer *buffer) {
    return buffer->data ? buffer->data : "";
}

void buffer_consume(struct buffer *buffer, size_t len) {
    assert(len <= buffer->len);
    if (len == 0)
        return;
    buffer->len -= len;
    memmove(buffer->data, buffer->data + len, buffer->len + 1);
}

int buffer_take(struct buffer *buffer, char **ret_data, size_t *ret_len) {
    /* An empty content is a string too. */
    if (buffer_append(buffer, NULL, 0) < 0)
        return buffer->error;
    *ret_data = buffer->data;
    if (ret_len)
        *ret_len = buffer->len;
    *buffer = BUFFER(buffer->max);
    return 0;
}

void buffer_reset(struct buffer *buffer) {
    free(buffer->data);
    *buffer = BUFFER(buffer->max);
}
