/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a metric of a run is asked and judged by, as JSON and back: a run goes on, and is shown, as it began, whatever
 * became of the configuration. Placeholders are filled in, but for credentials. */
#ifndef ROLLOUT_STORE_METRIC_JSON_H
#define ROLLOUT_STORE_METRIC_JSON_H

#include "common/error.h"
#include "common/json-writer.h"
#include "common/json.h"
#include "spec/spec.h"

void metric_spec_put(struct json_writer *json, const char *key, const struct metric_spec *metric);

/* Fills METRIC, which is zeroed before. What it holds is the caller's to free, after a failure too. */
int metric_spec_get(const cJSON *object, struct metric_spec *metric, struct error *err);

#endif
