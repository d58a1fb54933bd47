/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within lint: what it looks at beyond the configuration. */
#ifndef ROLLOUT_CTL_LINT_H
#define ROLLOUT_CTL_LINT_H

#include "ctl/findings.h"
#include "ctl/haproxy-facts.h"
#include "spec/spec.h"

/* Whether instances say when they are ready (Type=notify). */
enum says_ready { SAYS_READY_UNKNOWN, SAYS_READY_NO, SAYS_READY_YES };

/* lint-host.c: units, the permission to drive them, versions. */
enum says_ready lint_host(const struct spec *spec, struct findings *findings);

/* lint-haproxy.c: each HAProxy that runs, or the file. */
void lint_haproxy(const struct spec *spec, enum says_ready says_ready, struct findings *findings);
void lint_haproxy_file(const struct spec *spec, const char *file, enum says_ready says_ready,
                       struct findings *findings);

/* haproxy-traps.c: pure. REMEMBERED is the text of the state file by backend index, in the order of the configuration
 * (PreviewBackend= last); NULL where there is none. */
void haproxy_traps(const struct spec *spec, const struct haproxy_facts *facts, enum says_ready says_ready,
                   const char *const remembered[], struct findings *findings);

#endif
