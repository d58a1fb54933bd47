/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hooks.h"

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "sim.h"

#define TIMEOUT SEC(3)

static bool tells_of_errors(const struct sim *sim, const struct sim_call *call) {
    return sim->scenario.versions[disk_version(sim, call->revision)].health == HEALTH_ERRORS;
}

bool hook_refuses(const struct sim *sim, const struct sim_call *call) {
    if (call->moment == HOOK_ROLLBACK)
        return !tells_of_errors(sim, call);
    switch (sim->scenario.tempers[call->hook]) {
    case TEMPER_PASSES:
    case TEMPERS:
        return false;
    case TEMPER_TELLS:
        return tells_of_errors(sim, call);
    case TEMPER_REFUSES:
        return true;
    }
    return false;
}

static void tell(struct sim *sim, const struct sim_call *call, bool passed, const char *message) {
    if (host_hook_answered(sim, call->life, call->token, passed, message))
        oracle_hook_told(sim, call, passed);
}

static void on_timeout(struct sim *sim, const struct happening *what) {
    tell(sim, &sim->hooks.calls[what->a], false, "timed out after 3s");
}

static void on_answer(struct sim *sim, const struct happening *what) {
    const struct sim_call *call = &sim->hooks.calls[what->a];
    oracle_hook_says(sim, call);
    if (!call->lost)
        tell(sim, call, call->passes, call->passes ? "" : "HTTP 403");
}

/* What the body says of the question. */
static int read_body(const char *body, struct sim_call *call) {
    _cleanup_json_ cJSON *document = NULL;
    const char *moment = NULL;
    int r = json_parse(body, strlen(body), &document, NULL);
    if (r >= 0)
        r = json_get_string(document, "type", &moment, NULL);
    if (r >= 0)
        r = hook_moment_from_string(moment, &call->moment);
    return r < 0 ? r : json_get_u32(document, "revision", &call->revision, NULL);
}

int hook_is_asked(void *userdata, const struct party_spec *hook, const struct subject *subject, const char *body,
                  uint64_t token, struct error *err) {
    struct sim *sim = userdata;
    const struct rollout *rollout = &sim->oracle.previous.rollout;
    uint32_t place = sim->hooks.n_calls % SIM_CALLS;
    struct sim_call *call = &sim->hooks.calls[place];
    if (!host_may_act(sim))
        return 0;
    sim->hooks.n_calls++;
    *call = (struct sim_call){.hook = (uint32_t)(hook->name[1] - '0'),
                              .attempt = rollout->attempt,
                              .step = rollout->step,
                              .life = sim->host.life,
                              .token = token};
    if (read_body(body, call) < 0)
        oracle_fail(sim, "hook", "%s cannot read what it is asked: %s", hook->name, body);
    trace(sim, "agent: asks %s, %s", hook->name, hook_moment_to_string(call->moment));
    oracle_hook_asked(sim, call);
    if (DRAW_RARE(sim, HOOK_CANNOT, 50, 1)) {
        oracle_hook_told(sim, call, false);
        return error_set(err, -EIO, "cannot ask");
    }
    uint32_t late = DRAW_RARE(sim, HOOK_LATE, 200, 40), lost = DRAW_RARE(sim, HOOK_LOST, 150, 2);
    bool moody = DRAW_RARE(sim, HOOK_MOOD, call->moment == HOOK_ROLLBACK ? 20 : 300, 1);
    call->passes = hook_refuses(sim, call) == moody;
    call->lost = lost;
    if (lost < 2) /* else it is never asked in truth */
        clock_after(sim, MSEC(5 + 50 * late), on_answer, place, 0, 0);
    if (lost)
        clock_after(sim, TIMEOUT, on_timeout, place, 0, 0);
    else if (DRAW_RARE(sim, HOOK_DOUBLED, 100, 1))
        clock_after(sim, MSEC(6 + 50 * late), on_answer, place, 0, 0);
    (void)host_may_act(sim);
    return 0;
}
