/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GET /v1/rollout: where the rollout stands, in one document. */
#include "core/words.h"

#include "api/http.h"
#include "common/text.h"
#include "core/decide.h"

static void put_revision_number(struct json_writer *json, const char *key, uint32_t revision) {
    if (revision > 0)
        json_put_u32(json, key, revision);
    else
        json_put_null(json, key);
}

/* A point on the core's clock, as wall time; 0: unknown. */
static void put_core_time(struct json_writer *json, const char *key, const struct api_view *view, usec_t time) {
    json_put_time(json, key, time ? usec_add(time, view->wall_offset) : USEC_INFINITY);
}

static void put_share(struct json_writer *json, const char *key, share_t share) {
    if (share < 0)
        json_put_null(json, key);
    else
        json_put_double(json, key, share / 100.0);
}

static void put_waiting(struct json_writer *json, const struct api_view *view, const struct explanation *now) {
    if (now->waiting == WAITING_NOTHING) {
        json_put_null(json, "waiting");
        return;
    }
    json_open_object(json, "waiting");
    json_put_string(json, "for", waiting_to_string(now->waiting));
    put_core_time(json, "since", view, now->waiting_since);
    put_core_time(json, "until", view, now->waiting_until);
    json_close(json);
}

/* The color that isn't stable counts as canary as long as a rollout goes there, or something of it is left over. */
static bool canary_shown(const struct state *state) {
    const struct rollout *rollout = &state->rollout;
    if (rollout->mode == MODE_IDLE || rollout->revision == 0 || rollout->color >= COLORS ||
        rollout->color == state->stable)
        return false;
    return rollout->mode == MODE_RUNNING || state->slots[rollout->color].revision == rollout->revision;
}

static void put_side(struct json_writer *json, const char *key, const struct state *state, enum color color,
                     uint32_t revision) {
    const struct history *entry = state_revision(state, revision);
    json_open_object(json, key);
    put_revision_number(json, "revision", revision);
    json_put_string(json, "version", entry ? entry->version : NULL);
    json_put_string(json, "color", color_to_string(color));
    json_close(json);
}

static void put_sides(struct json_writer *json, const struct state *state) {
    if (state->stable < COLORS)
        put_side(json, "stable", state, state->stable, state->slots[state->stable].revision);
    else
        json_put_null(json, "stable");
    if (canary_shown(state))
        put_side(json, "canary", state, state->rollout.color, state->rollout.revision);
    else
        json_put_null(json, "canary");
}

static void put_queued(struct json_writer *json, const struct state *state) {
    const struct history *entry = state_revision(state, state->queued.revision);
    if (!entry) {
        json_put_null(json, "queued");
        return;
    }
    json_open_object(json, "queued");
    json_put_u32(json, "revision", entry->revision);
    json_put_text(json, "version", entry->version);
    json_close(json);
}

static void put_steps(struct json_writer *json, const struct spec *spec, const struct state *state) {
    uint32_t index = state_shown_step(spec, state);
    json_open_object(json, "step");
    json_put_u32(json, "index", index);
    json_put_u32(json, "count", spec->n_steps);
    json_put_text(json, "text", index < spec->n_steps ? spec->steps[index].text : NULL);
    json_close(json);
    json_open_array(json, "steps");
    for (uint32_t i = 0; i < spec->n_steps; i++)
        json_put_text(json, NULL, spec->steps[i].text);
    json_close(json);
}

/* ---------------------------------------------------------------- instances */

static const char *role_of(const struct spec *spec, const struct state *state, enum color color) {
    if (color == state->stable)
        return "stable";
    if (canary_shown(state) && color == state->rollout.color)
        return spec->strategy == STRATEGY_CANARY ? "canary" : "preview";
    return state->slots[color].revision > 0 ? "previous" : "idle";
}

/* The weight that counts, on the first balancer that tells. */
static void put_weight(struct json_writer *json, const struct world *world, enum color color, uint32_t number) {
    for (uint32_t i = 0; i < world->n_balancers && i < BALANCERS_MAX; i++) {
        const struct server_seen *server = &world->balancers[i].servers[0][color][number];
        if (world->balancers[i].link != LINK_UP || !server->known)
            continue;
        json_put_u32(json, "weight", server->maint || server->drain ? 0 : server->weight);
        return;
    }
    json_put_null(json, "weight");
}

static void put_sessions(struct json_writer *json, const struct world *world, enum color color, uint32_t number) {
    bool known = false;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < world->n_balancers && i < BALANCERS_MAX; i++)
        if (world->balancers[i].link == LINK_UP) {
            known = true;
            sum += world->balancers[i].inflight[color][number];
        }
    if (known)
        json_put_u32(json, "sessions", sum);
    else
        json_put_null(json, "sessions");
}

static void put_instance(struct json_writer *json, const struct api_view *view, enum color color, uint32_t number) {
    const struct unit_seen *unit = &view->world->units[color][number];
    char unit_name[UNIT_NAME_MAX], name[INSTANCE_NAME_MAX];
    (void)instance_name(name, color, number);
    json_open_object(json, NULL);
    json_put_string(json, "name", name);
    json_put_string(json, "role", role_of(view->spec, view->state, color));
    json_put_string(json, "unit",
                    spec_instance_unit(view->spec, name, unit_name, sizeof(unit_name)) == 0 ? unit_name : NULL);
    put_revision_number(json, "revision", unit->env_revision);
    json_put_string(json, "state",
                    instance_state_to_string(
                        explain_instance(view->spec, view->state, view->world, view->now, color, number)));
    put_weight(json, view->world, color, number);
    put_sessions(json, view->world, color, number);
    json_put_u32(json, "restarts", unit->restarts);
    json_put_text(json, "result", unit->missing ? "no such unit" : unit->result[0] ? unit->result : NULL);
    json_close(json);
}

static void put_instances(struct json_writer *json, const struct api_view *view) {
    json_open_array(json, "instances");
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
            const struct unit_seen *unit = &view->world->units[color][number];
            if (number < view->spec->replicas || (unit->known && unit->state != UNIT_INACTIVE && !unit->missing))
                put_instance(json, view, color, number);
        }
    json_close(json);
}

/* ---------------------------------------------------------------- the rest */

static void put_balancers(struct json_writer *json, const struct api_view *view) {
    static const char *const links[] = {
        [LINK_UNKNOWN] = "unknown", [LINK_UP] = "up", [LINK_GONE] = "gone", [LINK_SILENT] = "silent"};
    json_open_array(json, "balancers");
    for (uint32_t i = 0; i < view->spec->haproxy.n_sockets; i++) {
        const struct balancer_seen *balancer = &view->world->balancers[i];
        json_open_object(json, NULL);
        json_put_text(json, "socket", view->spec->haproxy.sockets[i]);
        json_put_string(json, "link", links[balancer->link]);
        json_put_text(json, "problem", balancer->problem[0] ? balancer->problem : NULL);
        json_close(json);
    }
    json_close(json);
}

static void put_analysis(struct json_writer *json, const struct api_handler *handler, const struct state *state) {
    const uint32_t ids[] = {state->rollout.step_run.id, state->rollout.background_run.id};
    json_open_array(json, "analysis");
    for (size_t i = 0; i < ELEMENTS(ids); i++) {
        struct run_view run;
        if (ids[i] > 0 && handler->run(handler->userdata, ids[i], &run, NULL) == 0)
            view_put_run(json, &run, RUN_MEASURED);
    }
    json_close(json);
}

void view_put_rollout(struct json_writer *json, const struct api_handler *handler) {
    struct api_view view;
    struct explanation now;
    handler->view(handler->userdata, &view);
    explain(view.spec, view.state, view.world, view.now, &now);
    const struct state *state = view.state;

    json_open_object(json, NULL);
    json_put_string(json, "app", view.spec->app);
    json_put_string(json, "strategy", view.spec->strategy == STRATEGY_CANARY ? "canary" : "blueGreen");
    json_put_string(json, "phase", phase_to_string(view.degraded ? PHASE_DEGRADED : now.phase));
    json_put_text(json, "message", view.degraded ? view.degraded : now.message);
    put_revision_number(json, "revision", state_shown_revision(state));
    json_put_u32(json, "generation", state->generation);
    put_core_time(json, "time", &view, view.now);
    put_waiting(json, &view, &now);
    put_sides(json, state);
    put_queued(json, state);
    put_steps(json, view.spec, state);
    json_open_object(json, "weight");
    put_share(json, "desired", now.weight_desired);
    put_share(json, "actual", now.weight_actual);
    json_close(json);
    put_instances(json, &view);
    put_balancers(json, &view);
    put_analysis(json, handler, state);
    json_close(json);
}
