/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "example.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/words.h"
#include "run-one.h"
#include "sim.h"

#define CRASHES_AFTER SEC(180)
#define PERSON_TAKES SEC(420) /* to look at a preview and to promote it */
/* Instances start, checks and looks come round: none of it is in the plan. */
#define STARTED_WITHIN SEC(1)
#define STEP_TAKES_MAX SEC(1)

/* How the second version is, and what has to become of it. */
struct course {
    const char *name;
    enum health health;
    bool by_users; /* it is well until users are on it */
    enum reason ends;
};

static const struct course courses[] = {
    {"a good version", HEALTH_GOOD, false, REASON_NONE},
    {"one that fails", HEALTH_ERRORS, false, REASON_ANALYSIS_FAILED},
    {"one that fails once it was promoted", HEALTH_ERRORS, true, REASON_ANALYSIS_FAILED},
    {"one that crashes after three minutes", HEALTH_CRASHES_LATER, false, REASON_CRASH},
    {"one that nobody can reach", HEALTH_DEAF, false, REASON_DEADLINE},
};

struct example {
    const char *folder;
    char app[APP_NAME_MAX];
    const struct course *course;
    usec_t began, ended; /* the second deploy; 0: not yet */
    usec_t plan;         /* as `rolloutctl plan` counts it */
    bool manual;         /* somebody has to promote it */
};

static struct spec *load(const struct example *example, struct error *err) {
    struct spec *spec = NULL;
    struct spec_paths paths = {.etc = example->folder};
    return spec_load(example->app, &paths, &spec, err) < 0 ? NULL : spec;
}

/* ---------------------------------------------------------------- when things have to happen */

static bool takes_part(const struct analysis_use *use, const struct template_spec *template) {
    for (uint32_t i = 0; i < use->n_names; i++)
        if (strcmp(use->names[i], template->name) == 0)
            return true;
    return false;
}

/* What its longest metric takes, and when the first one has measured. */
static usec_t analysis_lasts(const struct spec *spec, const struct analysis_use *use, usec_t *ret_first) {
    usec_t lasts = 0;
    *ret_first = USEC_INFINITY;
    for (size_t i = 0; i < spec->n_templates; i++)
        for (size_t j = 0; takes_part(use, &spec->templates[i]) && j < spec->templates[i].n_metrics; j++) {
            const struct metric_spec *metric = &spec->templates[i].metrics[j];
            usec_t whole = metric->initial_delay + (metric->count > 1 ? metric->count - 1 : 0) * metric->interval;
            lasts = whole > lasts ? whole : lasts;
            *ret_first = metric->initial_delay < *ret_first ? metric->initial_delay : *ret_first;
        }
    return lasts;
}

/* From the deploy to its end: what goes well takes all pauses and analyses; and persons take their time. */
static usec_t ends_after(const struct spec *spec, const struct course *course, usec_t *ret_persons) {
    usec_t after = 0, first;
    bool sick = course->health == HEALTH_ERRORS && !course->by_users;
    *ret_persons = 0;
    if (course->health == HEALTH_CRASHES_LATER)
        return CRASHES_AFTER;
    if (course->health == HEALTH_DEAF)
        return spec->progress_deadline;
    for (uint32_t i = 0; i < spec->n_steps; i++) {
        const struct step *step = &spec->steps[i];
        if (step->kind == STEP_PAUSE && step->duration == USEC_INFINITY) {
            *ret_persons += PERSON_TAKES;
            sick = sick || course->by_users;
        } else if (step->kind == STEP_PAUSE)
            after += step->duration;
        else if (step->kind == STEP_ANALYSIS) {
            usec_t lasts = analysis_lasts(spec, &step->analysis, &first);
            if (sick)
                return after + first + *ret_persons;
            after += lasts;
        }
    }
    return after + *ret_persons;
}

/* ---------------------------------------------------------------- the run */

void example_scenario(struct sim *sim) {
    struct scenario *scenario = &sim->scenario;
    const struct course *course = sim->example->course;
    struct error err = {0};
    struct spec *spec = load(sim->example, &err);
    if (!spec)
        abort(); /* it was read a moment ago */
    scenario->app = sim->example->app;
    scenario->files[0] = spec;
    scenario->variants = 1;
    scenario->all_balancers = spec->haproxy.n_sockets;
    scenario->backends = spec->haproxy.n_backends;
    scenario->preview = *spec->haproxy.preview_backend != '\0';
    for (uint32_t i = 0; i < VERSIONS; i++)
        scenario->versions[i] = (struct version){.start_time = MSEC(100)};
    scenario->versions[1].health = course->by_users ? HEALTH_GOOD : course->health;
    scenario->versions[1].crashes_after = CRASHES_AFTER;
    scenario->versions[1].loops = true;
    files_begin(sim);
}

static void count_plan(struct sim *sim, const struct api_command *asked) {
    struct api_plan plan;
    struct error err = {0};
    if (agent_plan(sim->host.agent, asked, &plan, &err) < 0) {
        oracle_fail(sim, "example", "no plan: %s", err.text);
        return;
    }
    for (uint32_t i = 0; i + 1 < plan.forecast.n_steps; i++) /* the last one is the old version's end */
        if (plan.forecast.steps[i].lasts != USEC_INFINITY)
            sim->example->plan += plan.forecast.steps[i].lasts;
}

static void on_deploy(struct sim *sim, const struct happening *what) {
    struct api_command asked = {.command = {.verb = VERB_DEPLOY, .version = "v1"}};
    asked.command.version[1] = (char)('1' + what->a);
    if (what->a > 0) {
        count_plan(sim, &asked);
        sim->example->began = sim->clock.now;
    }
    if (operator_types(sim, &asked) < 0)
        oracle_fail(sim, "example", "%s is not deployed", asked.command.version);
}

static void on_promote(struct sim *sim, const struct happening *what) {
    if (sim->example->course->by_users)
        sim->scenario.versions[1].health = sim->example->course->health;
    (void)operator_types(sim, &(struct api_command){.command = {.verb = VERB_PROMOTE}});
}

void example_begin(struct sim *sim) {
    sim->hands.until = USEC_INFINITY;
    clock_after(sim, MSEC(100), on_deploy, 0, 0, 0);
}

/* In truth, of the requests in the first backend. */
static unsigned percent_of(const struct sim *sim, enum color color) {
    unsigned weights[COLORS] = {0};
    for (uint32_t of = BLUE; of < COLORS; of++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++) {
            const struct sim_server *server = &sim->balancers[0].servers[0][of][number];
            weights[of] += server->up && !server->maint ? server->weight : 0;
        }
    unsigned all = weights[BLUE] + weights[GREEN];
    return all ? 100 * weights[color] / all : 0;
}

static void print_event(const struct sim *sim, const struct state *state, const struct event *event) {
    usec_t after = sim->clock.now - sim->example->began;
    unsigned seconds = (unsigned)(after / USEC_PER_SEC);
    (void)printf("#   %u:%02u:%02u  %3u %%  %s%s%s\n", seconds / 3600, seconds / 60 % 60, seconds % 60,
                 percent_of(sim, state->rollout.color), event_kind_to_string(event->kind), *event->detail ? ": " : "",
                 event->detail);
}

void example_event(struct sim *sim, const struct state *state, const struct event *event) {
    struct example *example = sim->example;
    if (example->began)
        print_event(sim, state, event);
    if (event->kind == EVENT_ROLLOUT_COMPLETED && !example->began)
        clock_after(sim, SEC(10), on_deploy, 1, 0, 0);
    else if (event->kind == EVENT_ROLLOUT_PAUSED &&
             sim->scenario.spec->steps[state->rollout.step].duration == USEC_INFINITY)
        clock_after(sim, PERSON_TAKES, on_promote, 0, 0, 0);
    else if (event->kind == EVENT_ROLLOUT_COMPLETED || event->kind == EVENT_ROLLOUT_ABORTED) {
        example->ended = sim->clock.now;
        sim->hands.until = sim->clock.now;
    }
}

/* ---------------------------------------------------------------- what became of it */

static bool is_wrong(const char *what, bool wrong) {
    if (wrong)
        (void)printf("# WRONG: %s\n", what);
    return wrong;
}

static int judge(const struct sim *sim, const struct spec *spec) {
    const struct example *example = sim->example;
    const struct course *course = example->course;
    const struct state *state = &sim->oracle.previous;
    bool good = course->health == HEALTH_GOOD;
    usec_t persons, wanted = ends_after(spec, course, &persons), took = example->ended - example->began;
    usec_t slack = STARTED_WITHIN + spec->n_steps * STEP_TAKES_MAX;
    if (sim->failed) {
        (void)printf("# WRONG: at %.4f s: %s\n", (double)sim->oracle.failed_at / 1e6, sim->oracle.message);
        return -EPROTO;
    }
    uint32_t live = disk_version(sim, state->slots[state->stable].revision);
    (void)printf("# %s after %.3f s, as written %.0f s; v%u has %u %% of the requests\n",
                 good ? "promoted" : "taken back", (double)took / 1e6, (double)wanted / 1e6, live + 1,
                 percent_of(sim, state->stable));
    bool wrong = is_wrong("its time", took < wanted || took > wanted + slack);
    wrong |= is_wrong("rolloutctl plan counts otherwise", good && example->plan + persons != wanted);
    wrong |= is_wrong("what is live", live != (good ? 1 : 0) || percent_of(sim, state->stable) != 100);
    wrong |= is_wrong("why it ended", state->rollout.reason != course->ends);
    return wrong ? -EPROTO : 0;
}

static bool waits_for_somebody(const struct spec *spec) {
    for (uint32_t i = 0; i < spec->n_steps; i++)
        if (spec->steps[i].kind == STEP_PAUSE && spec->steps[i].duration == USEC_INFINITY)
            return true;
    return false;
}

int example_run(const char *path) {
    struct example example = {0};
    struct error err = {0};
    char folder[4096], *name;
    (void)snprintf(folder, sizeof folder, "%s", path);
    if (!(name = strrchr(folder, '/')) || sscanf(name + 1, "%62[a-z0-9-].conf", example.app) != 1) {
        (void)fprintf(stderr, "simulate: %s: expected FOLDER/APP.conf\n", path);
        return -EINVAL;
    }
    *name = '\0';
    example.folder = folder;
    struct spec *spec = load(&example, &err);
    if (!spec) {
        (void)fprintf(stderr, "simulate: %s\n", err.text);
        return err.code;
    }
    int r = 0;
    for (size_t i = 0; i < sizeof courses / sizeof courses[0]; i++) {
        if (courses[i].by_users && !waits_for_somebody(spec))
            continue;
        example.course = &courses[i];
        example.began = example.ended = example.plan = 0;
        (void)printf("# %s: %s\n", example.app, courses[i].name);
        if (judge(run_example(&example), spec) < 0)
            r = -EPROTO;
    }
    (void)spec_free(spec);
    return r;
}
