/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* {{NAME}} in a text of a metric, for expand.c. */
#ifndef ROLLOUT_SPEC_PLACEHOLDER_H
#define ROLLOUT_SPEC_PLACEHOLDER_H

#include "spec/spec.h"

/* What fills in the texts of one template. */
struct expansion {
    const struct spec *spec;
    const struct template_spec *template;
    const struct analysis_use *use;
    const struct argument *builtins; /* NULL: only checked, builtins have no values yet */
    size_t n_builtins;
    bool *asked_for; /* by argument of the use, ANALYSIS_ARGS_MAX of them: some text has it */
};

/* A copy of text with its placeholders filled in, for the caller to free. *ret_whole is false when a value is known
 * only later: then the text is no use yet. */
int expand_text(const struct expansion *how, const char *text, char **ret, bool *ret_whole, struct error *err);

/* The value of {{args.NAME}} but for the template's own; NULL when there is none. */
const char *expansion_argument(const struct expansion *how, const char *name);

#endif
