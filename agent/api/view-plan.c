/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* POST /v1/rollout/deploy?dryRun=1: what a deploy would do, in one document. */
#include "api/http.h"

static void put_span(struct json_writer *json, const char *key, usec_t span) {
    if (span == USEC_INFINITY)
        json_put_null(json, key);
    else
        json_put_double(json, key, (double)span / USEC_PER_SEC);
}

/* Who has to pass before it, in the order in which they are asked. */
static void put_asks(struct json_writer *json, const struct spec *spec, uint32_t moments) {
    json_open_array(json, "asks");
    for (enum hook_moment moment = 0; moment < HOOK_MOMENTS; moment++)
        for (size_t i = 0; moments >> moment & 1 && i < spec->n_hooks; i++) {
            if (!(spec->hooks[i].moments >> moment & 1))
                continue;
            json_open_object(json, NULL);
            json_put_string(json, "moment", hook_moment_to_string(moment));
            json_put_string(json, "hook", spec->hooks[i].name);
            json_close(json);
        }
    json_close(json);
}

static void put_step(struct json_writer *json, const struct spec *spec, const struct forecast_step *step) {
    json_open_object(json, NULL);
    json_put_text(json, "text", step->text);
    json_put_double(json, "weight", step->share / 100.0);
    json_put_u32(json, "instances", step->scale);
    json_put_u32(json, "stableInstances", step->stable_scale);
    put_asks(json, spec, step->asks);
    json_put_string(json, "waitsFor", waiting_to_string(step->waiting));
    put_span(json, "beginsSec", step->begins);
    put_span(json, "lastsSec", step->lasts);
    json_close(json);
}

/* What is judged beside the steps, for a rollout that has steps. */
static void put_background(struct json_writer *json, const struct api_plan *plan) {
    const struct analysis_use *use = &plan->spec->background;
    if (use->n_names == 0 || plan->forecast.n_steps == 0 || plan->forecast.steps[0].stable_scale == 0) {
        json_put_null(json, "background");
        return;
    }
    json_open_object(json, "background");
    json_open_array(json, "names");
    for (uint32_t i = 0; i < use->n_names; i++)
        json_put_string(json, NULL, use->names[i]);
    json_close(json);
    json_put_u32(json, "startingStep", plan->spec->background_starting_step);
    json_close(json);
}

void view_put_plan(struct json_writer *json, const struct api_plan *plan) {
    json_open_object(json, NULL);
    json_put_string(json, "verdict", verdict_word(plan->result.verdict));
    view_put_id(json, "revision", plan->result.revision, 0);
    json_put_text(json, "message", plan->result.message);
    json_put_string(json, "strategy", strategy_to_string(plan->spec->strategy));
    view_put_wall(json, "waitsUntil", plan->result.waits_until);
    put_background(json, plan);
    json_open_array(json, "steps");
    for (uint32_t i = 0; i < plan->forecast.n_steps; i++)
        put_step(json, plan->spec, &plan->forecast.steps[i]);
    json_close(json);
    json_close(json);
}
