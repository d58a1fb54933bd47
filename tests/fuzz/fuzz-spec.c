/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text: either it is refused with a place and a reason, or what is pinned of it reads back to the same. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds) {
    if (!holds)
        abort();
}

static void expand(const struct spec *spec, const struct analysis_use *use) {
    struct expanded_analysis *analysis = NULL;
    struct error err = {0};

    must(spec_expand(spec, use, NULL, 0, &analysis, &err) == 0 ? analysis && !err.code : !analysis && err.code);
    (void)expanded_analysis_free(analysis);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    _cleanup_free_ char *text = strndup((const char *)data, size);
    struct spec *spec = NULL, *again = NULL;
    struct error err = {0};

    must(text != NULL);
    if (spec_parse("shop", text, "f", &spec, &err) < 0) {
        must(!spec && err.code == -EINVAL && strncmp(err.text, "f:", 2) == 0 && utf8_valid(err.text, strlen(err.text)));
        return 0;
    }
    for (uint32_t i = 0; i < spec->n_steps; i++)
        if (spec->steps[i].kind == STEP_ANALYSIS)
            expand(spec, &spec->steps[i].analysis);
    expand(spec, &spec->background);
    must(spec_parse("shop", spec->text, "pinned", &again, NULL) == 0);
    must(strcmp(spec->text, again->text) == 0 && strcmp(spec->digest, again->digest) == 0);
    must(spec->n_steps == again->n_steps && memcmp(spec->steps, again->steps, sizeof spec->steps) == 0);
    must(spec->n_templates == again->n_templates && spec->n_args == again->n_args);
    (void)spec_free(spec);
    (void)spec_free(again);
    return 0;
}
