/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scripts: the draws that make a failure, as text, and made as few as possible. */
#ifndef SIMULATE_SCRIPT_H
#define SIMULATE_SCRIPT_H

#include "draw.h"

struct sim;

/* Lines of `SITE NTH VALUE`; # begins a comment. Says what is wrong on stderr. */
int script_read(const char *path, struct script *script);
/* As read back; SIM is the run that it gives. */
void script_print(const struct script *script, const struct sim *sim);
/* Takes out of the script of a failing seed what the failure (of the same invariant) does not need. */
void script_shrink(uint64_t seed, struct script *script);

#endif
