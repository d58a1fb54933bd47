/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What kinds of value a node may have, told before there is a value: mistakes are found by lint, not by a rollout. */
#ifndef ROLLOUT_ANALYSIS_CONDITION_TYPE_H
#define ROLLOUT_ANALYSIS_CONDITION_TYPE_H

#include "analysis/condition-tree.h"

/* Fills node->kinds; -EINVAL where no value of its children could do. */
int type_node(struct node *node, struct fault *fault);

#endif
