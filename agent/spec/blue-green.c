/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/blue-green.h"

#include <stdio.h>

#include "common/text.h"

static struct step *add(struct spec *spec, enum step_kind kind, const char *text) {
    struct step *step = &spec->steps[spec->n_steps++];
    *step = (struct step){.kind = kind};
    (void)string_copy(step->text, sizeof step->text, text);
    return step;
}

/* Replicas= may change meanwhile, and a full color grows with it. */
static void add_scale(struct spec *spec, uint32_t replicas, const char *text) {
    struct step *step = add(spec, STEP_SET_CANARY_SCALE, text);
    step->scale.kind = replicas ? SCALE_REPLICAS : SCALE_WEIGHT;
    step->scale.value = replicas ? (int32_t)replicas : SHARE_FULL;
}

static void add_analysis(struct spec *spec, const struct analysis_use *use, const char *text) {
    if (use->n_names > 0)
        add(spec, STEP_ANALYSIS, text)->analysis = *use;
}

/* Whom nobody promotes by himself waits for a person, whatever AutoPromotionSec= says. */
static void add_pause(struct spec *spec) {
    if (!spec->auto_promotion)
        add(spec, STEP_PAUSE, "wait for promote")->duration = USEC_INFINITY;
    else if (spec->auto_promotion_delay > 0)
        add(spec, STEP_PAUSE, "wait for AutoPromotionSec")->duration = spec->auto_promotion_delay;
}

void spec_blue_green(struct spec *spec) {
    spec->n_steps = 0;
    spec->background.n_names = 0;
    add_scale(spec, spec->preview_replicas, "preview");
    add_analysis(spec, &spec->pre_promotion, "prePromotionAnalysis");
    add_pause(spec);
    if (spec->preview_replicas > 0)
        add_scale(spec, 0, "scale up");
    add(spec, STEP_SET_WEIGHT, "switch")->weight = SHARE_FULL;
    add_analysis(spec, &spec->post_promotion, "postPromotionAnalysis");
}
