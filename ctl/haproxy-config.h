/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* haproxy.cfg, taken apart into sections, lines and words. A tolerant reader: it knows where sections begin, how words
 * are quoted and which defaults a section inherits, and leaves keywords to whoever looks for them. */
#ifndef ROLLOUT_CTL_HAPROXY_CONFIG_H
#define ROLLOUT_CTL_HAPROXY_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* Words are without quotes and escapes; "${NAME}" stays as it is. */
struct haproxy_line {
    int number; /* from 1 */
    size_t n_words;
    char **words;
};

struct haproxy_section {
    const char *kind; /* "backend" */
    const char *name; /* "" when it has none */
    int line;
    size_t first_line, n_lines; /* of lines below */
    size_t defaults;            /* index of the section that it inherits from; its own when there is none */
};

struct haproxy_config {
    char *text;
    char **words;
    struct haproxy_line *lines;
    struct haproxy_section *sections;
    size_t n_words, n_lines, n_sections;
};

/* FILE is the name in errors: "FILE:LINE: what, what was expected". TEXT is taken apart in a copy. The conditions .if,
 * .else ... are passed over, so that all of their lines count. Free with haproxy_config_free(). */
int haproxy_config_read(const char *text, size_t len, const char *file, struct haproxy_config **ret, struct error *err);
struct haproxy_config *haproxy_config_free(struct haproxy_config *config);

static inline void haproxy_config_cleanup(struct haproxy_config **config) {
    (void)haproxy_config_free(*config);
}

#define _cleanup_haproxy_config_ _cleanup_(haproxy_config_cleanup)

/* Calls function for every line that counts for a section, in the order in which HAProxy takes them: those of its
 * defaults first. */
typedef void (*haproxy_line_function)(const struct haproxy_line *line, bool inherited, void *userdata);
void haproxy_config_each(const struct haproxy_config *config, size_t section, haproxy_line_function function,
                         void *userdata);

/* The n-th word, "" behind the last. */
static inline const char *haproxy_word(const struct haproxy_line *line, size_t n) {
    return n < line->n_words ? line->words[n] : "";
}

#endif
