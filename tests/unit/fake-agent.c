/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "core/decide.h"

static const struct step steps[] = {
    {.kind = STEP_SET_WEIGHT, .text = "setWeight 20", .weight = 2000},
    {.kind = STEP_PAUSE, .text = "pause 10min", .duration = 600 * USEC_PER_SEC},
    {.kind = STEP_SET_WEIGHT, .text = "setWeight 60", .weight = 6000},
    {.kind = STEP_ANALYSIS, .text = "analysis success-rate", .analysis = {.n_names = 1, .names = {"success-rate"}}},
};

static void init_spec(struct spec *spec) {
    (void)string_copy(spec->app, sizeof(spec->app), "shop");
    (void)string_copy(spec->unit, sizeof(spec->unit), "shop@.service");
    spec->replicas = 2;
    spec->progress_deadline = 600 * USEC_PER_SEC;
    spec->scale_down_delay = spec->abort_scale_down_delay = spec->drain_timeout = 30 * USEC_PER_SEC;
    spec->revision_history_limit = 10;
    spec->haproxy.n_sockets = spec->haproxy.n_backends = 1;
    (void)string_copy(spec->haproxy.sockets[0], sizeof(spec->haproxy.sockets[0]), "/run/haproxy/admin.sock");
    (void)string_copy(spec->haproxy.backends[0], sizeof(spec->haproxy.backends[0]), "shop");
    (void)string_copy(spec->haproxy.server, sizeof(spec->haproxy.server), "%c-%n");
    spec->n_steps = ELEMENTS(steps);
    memcpy(spec->steps, steps, sizeof(steps));
}

static void init_state(struct state *state) {
    state_init(state);
    state->generation = 4711;
    state->stable = BLUE;
    state->next_revision = 3;
    state->next_run = 2;
    state->slots[BLUE].revision = 1;
    state->slots[GREEN].revision = 2;
    state->n_history = 2;
    state->history[0] = (struct history){.revision = 2,
                                         .attempt = 1,
                                         .version = "v2",
                                         .identity.bytes = "v2",
                                         .uid = 1000,
                                         .login_uid = UINT32_MAX,
                                         .wall_started = FAKE_WALL_OFFSET + FAKE_NOW};
    state->history[1] = (struct history){.revision = 1,
                                         .attempt = 1,
                                         .version = "v1",
                                         .identity.bytes = "v1",
                                         .outcome = OUTCOME_PROMOTED,
                                         .wall_started = FAKE_WALL_OFFSET,
                                         .wall_finished = FAKE_WALL_OFFSET + USEC_PER_SEC};
    state->rollout = (struct rollout){.mode = MODE_RUNNING,
                                      .revision = 2,
                                      .attempt = 1,
                                      .color = GREEN,
                                      .step = 1,
                                      .step_since = FAKE_NOW - 60 * USEC_PER_SEC,
                                      .began = FAKE_NOW - 90 * USEC_PER_SEC,
                                      .progress_at = FAKE_NOW - 60 * USEC_PER_SEC,
                                      .ready_seen = 1,
                                      .step_run.id = 1};
}

static void init_world(struct world *world) {
    world->wall = FAKE_NOW + FAKE_WALL_OFFSET;
    world->n_balancers = world->n_backends = 1;
    struct balancer_seen *balancer = &world->balancers[0];
    balancer->link = LINK_UP;
    balancer->seen_at = balancer->asked_at = FAKE_NOW;
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < 2; number++) {
            bool runs = color == BLUE || number == 0;
            world->units[color][number] =
                (struct unit_seen){.known = true,
                                   .state = runs ? UNIT_ACTIVE : UNIT_INACTIVE,
                                   .env_revision = color == BLUE ? 1
                                                   : runs        ? 2
                                                                 : 0,
                                   .active_since = runs ? USEC_PER_SEC : 0,
                                   .invocation.bytes = {(uint8_t)(runs ? 1 + 2 * color + number : 0)}};
            balancer->servers[0][color][number] = (struct server_seen){.known = true,
                                                                       .maint = !runs,
                                                                       .up = runs,
                                                                       .checked = true,
                                                                       .weight = color == BLUE ? 80 : 40,
                                                                       .up_since = runs ? USEC_PER_SEC : 0};
        }
    balancer->inflight[BLUE][0] = 3;
}

void fake_agent_init(struct fake_agent *fake) {
    memset(fake, 0, sizeof(*fake));
    init_spec(&fake->spec);
    init_state(&fake->state);
    init_world(&fake->world);
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < 2; number++)
            fake->state.instances[color][number].accepted = fake->world.units[color][number].invocation;
}

void fake_agent_event(struct fake_agent *fake, enum event_kind kind) {
    struct state *state = &fake->state;
    if (state->n_outbox == OUTBOX_MAX)
        memmove(state->outbox, state->outbox + 1, --state->n_outbox * sizeof(state->outbox[0]));
    state->outbox[state->n_outbox++] = (struct event){.number = state->next_event++,
                                                      .kind = kind,
                                                      .revision = 2,
                                                      .step = 1,
                                                      .weight = 2000,
                                                      .wall = FAKE_NOW + FAKE_WALL_OFFSET,
                                                      .detail = "detail"};
}

static void view(void *userdata, struct api_view *ret) {
    struct fake_agent *fake = userdata;
    *ret = (struct api_view){.spec = &fake->spec,
                             .state = &fake->state,
                             .world = &fake->world,
                             .now = FAKE_NOW,
                             .wall_offset = FAKE_WALL_OFFSET,
                             .degraded = fake->degraded};
}

/* Run 1 is the rollout's, run 2 one by hand. */
static int run(void *userdata, uint32_t id, struct run_view *ret, struct error *err) {
    static union {
        struct run run;
        char bytes[sizeof(struct run) + sizeof(struct metric_run)];
    } place;
    static char condition[] = "result[0] >= 0.95", key[] = "Query", query[] = "up{job=\"shop\"}", file[] = "shop.conf";
    static struct setting settings[] = {{.key = key, .value = query, .file = file, .line = 3}};
    static struct metric_spec metric_asked = {.name = "success-rate",
                                              .provider = "prometheus",
                                              .success_condition = condition,
                                              .settings = settings,
                                              .n_settings = 1,
                                              .count = 5,
                                              .interval = 60 * USEC_PER_SEC};
    static struct metric_spec *metrics[] = {&metric_asked};
    static const struct expanded_analysis asked = {.name = "success-rate", .metrics = metrics, .n_metrics = 1};
    const struct fake_agent *fake = userdata;
    struct run *made = &place.run;
    if (id == 0 || id >= fake->state.next_run)
        return error_set(err, -ENOENT, "no run %u", id);
    memset(&place, 0, sizeof place);
    *made = (struct run){.id = 1,
                         .revision = 2,
                         .step = 3,
                         .phase = RUN_RUNNING,
                         .name = "success-rate",
                         .wall_started = FAKE_NOW + FAKE_WALL_OFFSET,
                         .n_metrics = 1};
    struct metric_run *metric = &made->metrics[0];
    (void)string_copy(metric->name, sizeof(metric->name), "success-rate");
    metric->phase = RUN_RUNNING;
    metric->successful = metric->n_measurements = 1;
    metric->measurements[0] =
        (struct measurement){.wall = FAKE_NOW + FAKE_WALL_OFFSET, .phase = RUN_SUCCESSFUL, .value = "[0.99]"};
    if (id > 1) {
        made->id = id;
        made->revision = 0;
        made->step = -1;
        made->uid = 1000;
        made->login_uid = UINT32_MAX;
        made->phase = metric->phase = fake->hand_phase;
        made->wall_finished = FAKE_NOW + FAKE_WALL_OFFSET;
    }
    *ret = (struct run_view){.run = made, .asked = &asked};
    return 0;
}

/* "success-rate" is good, "latency" is not, "nothing" is none. */
static int analyze(void *userdata, const struct api_analysis *asked, uint32_t *ret_run, struct error *err) {
    struct fake_agent *fake = userdata;
    const char *name = asked->use.names[0];
    if (strcmp(name, "nothing") == 0)
        return error_set(err, -ENOEXEC, "there is no metric or template %s", name);
    if (strcmp(name, "busy") == 0)
        return error_set(err, -EBUSY, "4 runs by hand go on already");
    fake->hand_phase = strcmp(name, "success-rate") == 0 ? RUN_SUCCESSFUL : RUN_FAILED;
    *ret_run = fake->state.next_run++;
    return 0;
}

static int carry_out(void *userdata, const struct api_command *asked, struct command_result *ret, struct error *err) {
    struct fake_agent *fake = userdata;
    fake->commands++;
    fake->asked = *asked;
    fake->env[0] = '\0';
    for (char **pair = asked->env; pair && *pair; pair++) {
        size_t len = strlen(fake->env);
        (void)snprintf(fake->env + len, sizeof(fake->env) - len, "%s;", *pair);
    }
    if (fake->fail < 0)
        return error_set(err, fake->fail, "it failed: %s", strerror(-fake->fail));

    struct command filled = asked->command;
    (void)string_copy((char *)filled.identity.bytes, sizeof(filled.identity.bytes), filled.version);
    struct state *next = malloc(sizeof(*next));
    if (!next)
        return error_set(err, -ENOMEM, "no memory");
    command(&fake->spec, &fake->state, &fake->world, FAKE_NOW, &filled, next, ret);
    if (ret->verdict == VERDICT_ACCEPTED) {
        fake->state = *next;
        fake->state.generation++;
    }
    free(next);
    return 0;
}

static int plan(void *userdata, const struct api_command *asked, struct api_plan *ret, struct error *err) {
    struct fake_agent *fake = userdata;
    struct state *next = malloc(sizeof(*next));
    struct command filled = asked->command;
    if (fake->fail < 0 || !next) {
        free(next);
        return error_set(err, next ? fake->fail : -ENOMEM, "it failed");
    }
    (void)string_copy((char *)filled.identity.bytes, sizeof(filled.identity.bytes), filled.version);
    command(&fake->spec, &fake->state, &fake->world, FAKE_NOW, &filled, next, &ret->result);
    ret->spec = &fake->spec;
    forecast(&fake->spec, next, FAKE_NOW, ret->result.revision, &ret->forecast);
    free(next);
    return 0;
}

struct api_handler fake_agent_handler(struct fake_agent *fake) {
    return (struct api_handler){
        .userdata = fake, .view = view, .run = run, .analyze = analyze, .command = carry_out, .plan = plan};
}
