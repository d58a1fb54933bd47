/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a header or cookie has to be for its request to take a route. */
#ifndef ROLLOUT_SPEC_ROUTE_H
#define ROLLOUT_SPEC_ROUTE_H

#include "common/buffer.h"
#include "spec/spec.h"

/* Whether the value of a route step can be looked for: -EINVAL with what is wrong and what was expected. */
int route_check(const struct step *step, struct error *err);

/* Appends the value of a route step that was checked as a Perl regular expression in ASCII without white space, without
 * a semicolon, and that crosses neither the end of a line nor, in a cookie, the end of one cookie. A prefix ends where
 * its value does. Returns the buffer's error. */
int route_pattern(const struct step *step, struct buffer *text);

#endif
