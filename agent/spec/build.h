/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From words to meaning: a document's sections become a spec's fields. */
#ifndef ROLLOUT_SPEC_BUILD_H
#define ROLLOUT_SPEC_BUILD_H

#include "spec/document.h"
#include "spec/spec.h"

/* Parses the document's sections from number FIRST on into spec. */
int spec_build(struct spec *spec, const struct document *document, size_t first, struct error *err);

/* Checks what no single value shows: that what is referred to exists and what belongs together is there. FILE is the
 * app's, for errors that have no place of their own. */
int spec_check(const struct spec *spec, const struct document *document, const char *file, struct error *err);

/* The part of it that is about one analysis, written at PLACE. */
int spec_check_use(const struct spec *spec, const struct analysis_use *use, const struct document_entry *place,
                   struct error *err);

/* Each analysis that the spec asks for, in order; NULL behind the last. ret_place (may be NULL): where it was written.
 */
const struct analysis_use *spec_use(const struct spec *spec, size_t index, const struct document *document,
                                    const struct document_entry **ret_place);

#endif
