/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How results are shown: a verb hands over the document that it got, and how a person would read it; the writer does
 * either. */
#ifndef ROLLOUT_CTL_WRITER_H
#define ROLLOUT_CTL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/json.h"
#include "common/time.h"

struct writer {
    FILE *out;
    bool json;
    bool terminal; /* may redraw */
    bool color;
    bool utf8;
    unsigned columns; /* of the terminal; 0: no bound */
};

enum paint { PAINT_PLAIN, PAINT_GOOD, PAINT_BUSY, PAINT_BAD, PAINT_FAINT, PAINT_BOLD };

/* Shows a document as text. */
typedef void (*text_view)(struct writer *writer, FILE *out, const cJSON *document);

/* To standard output; color and redrawing only on a terminal, and color not against NO_COLOR. */
void writer_init(struct writer *writer, bool json);

/* Shows the document: as JSON, else by VIEW. */
int writer_show(struct writer *writer, const cJSON *document, text_view view);

/* The same in place of what the terminal shows; where there is none, below it. */
int writer_redraw(struct writer *writer, const cJSON *document, text_view view);

/* Escape sequences around a painted text; "" where color is off. */
const char *paint(const struct writer *writer, enum paint paint);

/* A table from a list of objects: a column is a title and a field; a field that is null shows as "-". */
struct column {
    const char *title;
    const char *field;
    /* Instead of the field's own text; may be NULL. */
    const char *(*cell)(const cJSON *row, char *buffer, size_t size);
};
void write_table(struct writer *writer, FILE *out, const cJSON *rows, const struct column *columns, size_t n);

/* ---- fields of a document, for showing: what isn't there is empty */
const char *field_text(const cJSON *object, const char *key); /* "" */
double field_number(const cJSON *object, const char *key, double missing);
const cJSON *field_of(const cJSON *object, const char *key); /* object or array; NULL */
usec_t field_time(const cJSON *object, const char *key);     /* wall; USEC_INFINITY */

/* A text from the agent, safe for a terminal. Returns buffer. */
const char *safe_text(const char *text, char *buffer, size_t size);
#define SAFE(text) safe_text(text, (char[512]){0}, 512)

/* The same of several lines, which stay lines: for messages that point below what they quote. */
const char *safe_lines(const char *text, char *buffer, size_t size);
#define SAFE_LINES(text) safe_lines(text, (char[2048]){0}, 2048)

/* "8min 20s": at most two units, whole seconds. */
const char *short_span(usec_t span, char *buffer, size_t size);
#define SPAN(span) short_span(span, (char[64]){0}, 64)

#endif
