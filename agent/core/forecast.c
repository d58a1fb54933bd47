/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/forecast.h"

#include <string.h>

#include "core/decide.h"
#include "core/decision.h"

struct way {
    const struct spec *spec;
    struct state state; /* moved on from step to step */
    usec_t at;
    share_t share;
    uint32_t scale;
    struct forecast *ret;
};

static usec_t usec_times(usec_t span, uint32_t times) {
    return times > 0 && span > USEC_INFINITY / times ? USEC_INFINITY : span * times;
}

static usec_t longer(usec_t a, usec_t b) {
    return a > b ? a : b;
}

/* From the first measurement that it needs to the last, when nobody fails. */
static usec_t metric_lasts(const struct metric_spec *metric) {
    uint32_t count = metric->count ? metric->count : metric->interval ? UINT32_MAX : 1;
    if (metric->consecutive_success_limit && metric->consecutive_success_limit < count)
        count = metric->consecutive_success_limit;
    if (count == UINT32_MAX)
        return USEC_INFINITY;
    return usec_add(metric->initial_delay, usec_times(metric->interval, count - 1));
}

static usec_t analysis_lasts(const struct spec *spec, const struct analysis_use *use) {
    usec_t lasts = 0;
    for (uint32_t i = 0; i < use->n_names; i++) {
        const struct template_spec *template = spec_template(spec, use->names[i]);
        for (size_t m = 0; template && m < template->n_metrics; m++)
            lasts = longer(lasts, metric_lasts(&template->metrics[m]));
    }
    return lasts;
}

static void add(struct way *way, const char *text, enum waiting waiting, usec_t lasts) {
    uint32_t asks = hooks_of_step(way->spec, &way->state);
    hooks_pass(&way->state.rollout, asks);
    way->ret->steps[way->ret->n_steps++] =
        (struct forecast_step){.text = text,
                               .share = way->share,
                               .scale = way->scale,
                               .stable_scale =
                                   way->state.stable == COLOR_NONE ? 0 : stable_scale_at_step(way->spec, &way->state),
                               .waiting = waiting,
                               .asks = asks,
                               .begins = way->at,
                               .lasts = lasts};
    way->at = usec_add(way->at, lasts);
}

/* Who has to be there for the step at hand; the time that newcomers have to be ready for. */
static usec_t scale_up(struct way *way) {
    uint32_t before = way->scale;
    way->scale = canary_scale(way->spec, &way->state);
    return way->scale > before ? way->spec->min_ready : 0;
}

static void add_step(struct way *way, const struct step *step) {
    usec_t ready = scale_up(way);
    switch (step->kind) {
    case STEP_SET_WEIGHT:
        way->share = step->weight;
        add(way, step->text, WAITING_TRAFFIC, ready);
        break;
    case STEP_PAUSE:
        add(way, step->text, step->duration == USEC_INFINITY ? WAITING_PROMOTE : WAITING_PAUSE,
            longer(ready, step->duration));
        break;
    case STEP_ANALYSIS:
        add(way, step->text, WAITING_ANALYSIS, usec_add(ready, analysis_lasts(way->spec, &step->analysis)));
        break;
    case STEP_SET_CANARY_SCALE:
        add(way, step->text, WAITING_READY, ready);
        break;
    case STEP_SET_HEADER_ROUTE:
    case STEP_SET_COOKIE_ROUTE:
        add(way, step->text, WAITING_TRAFFIC, ready);
        break;
    }
}

/* What the first so many steps have brought about already. */
static void skip_done(struct way *way, uint32_t steps) {
    for (uint32_t i = 0; i < steps && i < way->spec->n_steps; i++) {
        way->state.rollout.step = i;
        if (way->spec->steps[i].kind == STEP_SET_WEIGHT)
            way->share = way->spec->steps[i].weight;
        way->scale = canary_scale(way->spec, &way->state);
    }
    way->state.rollout.step = steps;
}

/* The step at hand has begun before now. */
static void count_from(struct way *way, usec_t began, usec_t now) {
    struct forecast_step *first = &way->ret->steps[0];
    usec_t spent = now > began ? now - began : 0;
    if (first->lasts == USEC_INFINITY)
        return;
    first->lasts = first->lasts > spent ? first->lasts - spent : 0;
    way->at = first->lasts;
}

static void add_end(struct way *way) {
    usec_t ready = scale_up(way);
    way->share = SHARE_FULL;
    add(way, "promotion", WAITING_TRAFFIC, ready);
    if (way->state.stable == COLOR_NONE || way->spec->scale_down_delay == USEC_INFINITY)
        return;
    way->at = usec_add(way->at, way->spec->scale_down_delay);
    add(way, "the old version is stopped", WAITING_SCALE_DOWN, 0);
    way->ret->steps[way->ret->n_steps - 1].stable_scale = 0;
}

void forecast(const struct spec *spec, const struct state *state, usec_t now, uint32_t revision, struct forecast *ret) {
    struct way way = {.spec = spec, .ret = ret};
    struct rollout *rollout = &way.state.rollout;
    memcpy(&way.state, state, sizeof way.state);
    memset(ret, 0, sizeof *ret);
    if (revision == 0)
        return;
    if (state->queued.revision == revision)
        rollout_begin(&way.state, revision, 1, color_for_deploy(state), now);
    else if (rollout->mode != MODE_RUNNING || rollout->revision != revision)
        return;
    skip_done(&way, rollout->step);
    for (; !rollout_final(spec, &way.state); rollout_step_done(&way.state, now)) {
        add_step(&way, &spec->steps[rollout->step]);
        if (ret->n_steps == 1)
            count_from(&way, rollout->step_since, now);
    }
    add_end(&way);
}
