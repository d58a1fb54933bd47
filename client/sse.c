/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/sse.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"

int sse_feed(struct sse *sse, const char *bytes, size_t len) {
    return buffer_append(&sse->text, bytes, len);
}

static void take_line(char *line, struct sse_event *event) {
    char *value = strchrnul(line, ':');
    if (*value)
        *value++ = '\0';
    value += *value == ' ';
    if (strcmp(line, "id") == 0)
        event->id = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(line, "event") == 0)
        (void)string_copy(event->name, sizeof(event->name), value);
    else if (strcmp(line, "data") == 0)
        (void)string_copy(event->data, sizeof(event->data), value);
}

bool sse_next(struct sse *sse, struct sse_event *ret) {
    char *end = sse->text.len > 0 ? memmem(sse->text.data, sse->text.len, "\n\n", 2) : NULL;
    if (!end)
        return false;
    struct sse_event event = {0};
    end[1] = '\0';
    for (char *line = sse->text.data, *next; *line; line = next) {
        next = strchrnul(line, '\n');
        if (*next)
            *next++ = '\0';
        take_line(line, &event);
    }
    buffer_consume(&sse->text, (size_t)(end + 2 - sse->text.data));
    *ret = event;
    return true;
}

void sse_reset(struct sse *sse) {
    buffer_reset(&sse->text);
}
