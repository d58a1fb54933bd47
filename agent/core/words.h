/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model's words, as files, JSON and people have them, and names of instances. */
#ifndef ROLLOUT_CORE_WORDS_H
#define ROLLOUT_CORE_WORDS_H

#include "common/string-table.h"
#include "core/model.h"

DECLARE_STRING_TABLE(color, enum color);           /* "blue", "green", "none" */
DECLARE_STRING_TABLE(mode, enum mode);             /* "idle", "running", ... */
DECLARE_STRING_TABLE(reason, enum reason);         /* "None", "ByUser", ... */
DECLARE_STRING_TABLE(outcome, enum outcome);       /* "running", "promoted", ... */
DECLARE_STRING_TABLE(event_kind, enum event_kind); /* "RolloutUpdated", ... */

#define INSTANCE_NAME_MAX 32

/* Number 0 of BLUE is "blue-1". Returns ret. */
const char *instance_name(char ret[static INSTANCE_NAME_MAX], enum color color, uint32_t number);

/* -EINVAL for what is no name of an instance, also beyond REPLICAS_MAX. */
int instance_from_name(const char *name, enum color *ret_color, uint32_t *ret_number);

/* A temporary for printf arguments; it lives until the enclosing block ends. */
#define INSTANCE_NAME(color, number) instance_name((char[INSTANCE_NAME_MAX]){0}, color, number)

#endif
