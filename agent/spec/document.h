/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configuration files laid over each other, before their values mean anything: sections, keys that the table knows, and
 * where each was written. Later files win, lists grow, an empty value clears. */
#ifndef ROLLOUT_SPEC_DOCUMENT_H
#define ROLLOUT_SPEC_DOCUMENT_H

#include <stddef.h>

#include "common/error.h"
#include "spec/table.h"

struct document_section {
    const struct section_row *row;
    char *argument; /* "" when it has none */
    char *template; /* the template that it is part of; "": the app's own */
    char *file;     /* where it was opened first */
    int line;
    struct document_entry *entries;
    size_t n_entries;
};

struct document {
    struct document_section *sections;
    size_t n_sections;
};

#define DOCUMENT_NULL ((struct document){0})

/* Lays text over what the document holds. TEMPLATE "": an app's file, in which [Template NAME] begins a template that
 * reaches to the end of the file; otherwise the file of the template of that name. */
int document_read(struct document *document, const char *text, size_t len, const char *file, const char *template,
                  struct error *err);

/* The same as one text, in an order that document_read() keeps, app first. The caller frees *ret. */
int document_text(const struct document *document, char **ret);

/* NULL when there is none. NTH counts the key's entries from 0. */
const struct document_section *document_section(const struct document *document, enum section_kind kind,
                                                const char *argument, const char *template);
const struct document_entry *document_entry(const struct document_section *section, const char *key, size_t nth);

void document_free(struct document *document);
#define _cleanup_document_ _cleanup_(document_free)

#endif
