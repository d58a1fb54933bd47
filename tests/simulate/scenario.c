/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "sim.h"

/* ---------------------------------------------------------------- versions */

uint32_t version_index(const char *name) {
    uint32_t index = (uint32_t)(name[1] - '1');
    return index < VERSIONS ? index : 0;
}

enum health version_health(const struct version *version, uint32_t number) {
    bool all = version->sick == 0 || version->health == HEALTH_ERRORS;
    return all || version->sick == number + 1 ? version->health : HEALTH_GOOD;
}

/* Where only the agent's kills are to make a difference, nothing happens at some time by itself. */
static enum health health_of(const struct sim *sim, enum health health) {
    bool timeless = health == HEALTH_GOOD || health == HEALTH_ERRORS;
    return sim->draws.weather == WEATHER_ANY || timeless ? health : HEALTH_GOOD;
}

static void draw_versions(struct sim *sim) {
    for (uint32_t i = 0; i < VERSIONS; i++) {
        /* the first one, that everything begins with, is rarely a bad one */
        uint32_t permille = i == 0 ? 60 : 500;
        sim->scenario.versions[i] = (struct version){
            .health = health_of(sim, (enum health)DRAW_RARE(sim, HEALTH, permille, HEALTHS - 1)),
            .start_time = MSEC(20 + 100 * DRAW(sim, START_TIME, 8)),
            .crashes_after = MSEC(200 + 100 * DRAW(sim, HEALTH_AFTER, 40)),
            .ends = (enum ending_kind)DRAW_RARE(sim, ENDS, 300, ENDS_RESTARTED),
            .loops = DRAW_RARE(sim, LOOPS, 300, 1) != 0,
            .sick = DRAW_RARE(sim, SICK, 300, SIM_INSTANCES),
        };
        const struct version *version = &sim->scenario.versions[i];
        trace(sim, "v%u: health %d%s, of instance %u, starts in %lld ms, crashes after %lld ms in way %d", i + 1,
              version->health, version->loops ? " for ever" : "", version->sick, (long long)version->start_time / 1000,
              (long long)version->crashes_after / 1000, version->ends);
    }
}

/* ---------------------------------------------------------------- configuration */

struct writer {
    struct sim *sim;
    size_t length;
};

static void __attribute__((format(printf, 2, 3))) say(struct writer *writer, const char *format, ...) {
    struct scenario *scenario = &writer->sim->scenario;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(scenario->text + writer->length, sizeof scenario->text - writer->length, format, arguments);
    va_end(arguments);
    writer->length += (size_t)n;
    if (writer->length >= sizeof scenario->text)
        abort();
}

static void say_step(struct writer *writer) {
    struct sim *sim = writer->sim;
    uint32_t kind = DRAW(sim, STEP, 8), value = DRAW(sim, STEP_VALUE, 10);
    static const unsigned weights[] = {20, 1, 5, 10, 33, 50, 67, 90, 99, 100};
    static const char *const analyses[] = {"good", "good slow", "twice", "good twice", "strict"};
    switch (kind) {
    case 1:
        say(writer, "Step=pause %u00ms\n", 1 + value * 2);
        break;
    case 2:
        say(writer, "Step=analysis %s\n", analyses[value % 5]);
        break;
    case 3:
        say(writer, value == 9 ? "Step=pause\n" : "Step=pause 0\n");
        break;
    case 4:
        if (value < 5)
            say(writer, "Step=setCanaryScale replicas %u\n", value);
        else if (value < 8)
            say(writer, "Step=setCanaryScale weight %u\n", value * 10);
        else
            say(writer, "Step=setCanaryScale matchTrafficWeight\n");
        break;
    default:
        say(writer, "Step=setWeight %u\n", weights[value]);
        break;
    }
}

/* A first one, a second one, the first one anew, and its end. */
static void say_route(struct writer *writer) {
    static const char *const routes[] = {"", "setHeaderRoute beta X-Beta exact 1", "setCookieRoute who who prefix me",
                                         "setHeaderRoute beta X-Beta regex 2.", "setCookieRoute beta"};
    const char *route =
        writer->sim->scenario.routes ? routes[DRAW_RARE(writer->sim, ROUTE_STEP, 400, ELEMENTS(routes) - 1)] : "";
    if (*route)
        say(writer, "Step=%s\n", route);
}

static void say_canary(struct writer *writer) {
    struct sim *sim = writer->sim;
    say(writer, "[Canary]\n");
    if (sim->scenario.routes && DRAW_RARE(sim, SESSION_COOKIE, 400, 1))
        say(writer, "SessionCookie=rollout\n");
    say_route(writer);
    say(writer, "Step=setWeight 20\n");
    say(writer, "DynamicStableScale=%s\n", DRAW_RARE(sim, DYNAMIC_STABLE_SCALE, 250, 1) ? "yes" : "no");
    uint32_t steps = DRAW(sim, STEPS, 7);
    for (uint32_t n = 0; n < steps; n++) {
        say_route(writer);
        say_step(writer);
    }
    say_route(writer);
    uint32_t background = DRAW_RARE(sim, BACKGROUND, 200, 3);
    if (background)
        say(writer, "BackgroundAnalysis=watch\nBackgroundAnalysisStartingStep=%u\n",
            background - 1 < steps ? background - 1 : steps);
}

static void say_blue_green(struct writer *writer) {
    struct sim *sim = writer->sim;
    static const char *const promotions[] = {"", "AutoPromotionSec=700ms\n", "AutoPromotion=no\n",
                                             "AutoPromotionSec=2s\n"};
    static const char *const pre[] = {"", "PrePromotionAnalysis=good\n", "PrePromotionAnalysis=twice strict\n"};
    static const char *const post[] = {"", "PostPromotionAnalysis=good slow\n", "PostPromotionAnalysis=twice\n"};
    uint32_t preview = DRAW(sim, PREVIEW, 3);
    say(writer, "[BlueGreen]\n%s%s%s", promotions[DRAW(sim, STEP, 4)], pre[DRAW(sim, STEP_VALUE, 3)],
        post[DRAW(sim, STEP_VALUE, 3)]);
    if (preview)
        say(writer, "PreviewReplicas=%u\n", preview);
}

static void say_metric(struct writer *writer, const char *name, const char *rest, const char *on_failure) {
    say(writer,
        "[Metric %s]\nProvider=prometheus\nAddress=http://127.0.0.1:9090\nQuery={{canary.version}}\n"
        "SuccessCondition=result[0] >= 0.95\nFailureCondition=result[0] < 0.90\n%s%s",
        name, rest, on_failure);
}

static void say_metrics(struct writer *writer) {
    const char *on_failure = DRAW_RARE(writer->sim, ON_FAILURE, 200, 1) ? "OnFailure=pause\n" : "";
    static const char *const limits[] = {"", "ConsecutiveErrorLimit=0\n",
                                         "Count=3\nIntervalSec=300ms\nInconclusiveLimit=1\n",
                                         "Count=3\nIntervalSec=300ms\nFailureLimit=1\n"};
    const char *limit = limits[DRAW(writer->sim, METRIC, 4)];
    say_metric(writer, "good", limit, on_failure);
    say_metric(writer, "slow", "InitialDelaySec=700ms\n", on_failure);
    say_metric(writer, "twice", "Count=2\nIntervalSec=400ms\n", on_failure);
    say_metric(writer, "strict", "ConsecutiveErrorLimit=0\n", on_failure);
    say_metric(writer, "watch", "IntervalSec=600ms\n", on_failure);
}

/* The first one is on this host: it has the state file. */
static void say_sockets(struct writer *writer, uint32_t n) {
    const bool *remote = writer->sim->scenario.remote;
    say(writer, "Socket=/run/haproxy/admin.sock\n");
    for (uint32_t b = 1; b < n; b++)
        say(writer, remote[b] ? "Socket=10.0.0.%u:9999\n" : "Socket=/run/haproxy/admin-%u.sock\n", b);
}

static void say_haproxy(struct writer *writer) {
    struct scenario *scenario = &writer->sim->scenario;
    say(writer, "[HAProxy]\nPollSec=2s\n");
    for (uint32_t b = 1; b < scenario->all_balancers; b++)
        scenario->remote[b] = DRAW_RARE(writer->sim, REMOTE, 400, 1) != 0;
    say_sockets(writer, scenario->all_balancers);
    say(writer, "Backend=shop\n%s%s", scenario->backends > 1 ? "Backend=api\n" : "",
        scenario->preview ? "PreviewBackend=next\n" : "");
    if (scenario->routes)
        say(writer, "RouteMap=/var/lib/rollout/shop/haproxy/routes.map\n");
}

static void say_windows(struct writer *writer, uint32_t variant) {
    char lines[256];
    windows_t windows = windows_draw(writer->sim);
    windows_write(windows, lines, sizeof lines);
    say(writer, "DeployWindow=\n%s", lines);
    writer->sim->scenario.windows[variant] = windows;
}

/* Who always says no is rare: most plans are to get on. */
static void say_hooks(struct writer *writer) {
    struct sim *sim = writer->sim;
    static const char *const moments[] = {
        "confirm-rollout",
        "pre-rollout",
        "rollout",
        "confirm-traffic-increase",
        "confirm-promotion",
        "confirm-rollout pre-rollout rollout confirm-traffic-increase confirm-promotion",
        "pre-rollout confirm-promotion",
        "post-rollout event",
    };
    uint32_t n = DRAW_RARE(sim, HOOKS, 250, SIM_HOOKS - 1);
    for (uint32_t i = 0; i < n; i++) {
        sim->scenario.tempers[i] = (enum temper)DRAW_RARE(sim, HOOK_TEMPER, 200, TEMPERS - 1);
        say(writer, "[Hook h%u]\nAt=%s\nURL=http://127.0.0.1:8099\nRetries=%u\nIntervalSec=1s\n", i,
            moments[DRAW(sim, HOOK_AT, sizeof moments / sizeof moments[0])], DRAW(sim, HOOK_RETRIES, 3));
    }
    if (DRAW_RARE(sim, HOOK_ROLLBACK, 100, 1))
        say(writer, "[Hook h%u]\nAt=rollback%s\nURL=http://127.0.0.1:8099\nIntervalSec=1s\n", SIM_HOOKS - 1,
            DRAW(sim, HOOK_AT, 2) ? " confirm-promotion" : "");
}

static void draw_configuration(struct writer *writer) {
    struct sim *sim = writer->sim;
    struct scenario *scenario = &sim->scenario;
    static const char *const min_ready[] = {"0", "300ms", "1s", "0"};
    static const char *const drain[] = {"2s", "500ms", "5s", "0"};
    static const char *const delay[] = {"1s", "0", "300ms", "3s"};
    static const char *const abort_delay[] = {"1s", "0", "3s", "infinity"};
    scenario->all_balancers = 1 + DRAW_RARE(sim, BALANCERS, 200, SIM_BALANCERS - 1);
    scenario->backends = 1 + DRAW(sim, BACKENDS, 2);
    scenario->preview = DRAW_RARE(sim, PREVIEW_BACKEND, 150, 1) != 0;
    bool blue_green = DRAW_RARE(sim, STRATEGY, 250, 1);
    scenario->routes = DRAW_RARE(sim, ROUTES, 200, 1) != 0;
    scenario->preview = scenario->preview || scenario->routes;
    say(writer, "[Rollout]\nStrategy=%s\nUnit=shop@.service\nReplicas=%u\n", blue_green ? "blueGreen" : "canary",
        1 + DRAW(sim, REPLICAS, SIM_INSTANCES));
    say(writer, "MinReadySec=%s\nDrainTimeoutSec=%s\n", min_ready[DRAW(sim, MIN_READY, 4)],
        drain[DRAW(sim, DRAIN_TIMEOUT, 4)]);
    say(writer, "ScaleDownDelaySec=%s\nAbortScaleDownDelaySec=%s\n", delay[DRAW(sim, SCALE_DOWN_DELAY, 4)],
        abort_delay[DRAW(sim, ABORT_DELAY, 4)]);
    say(writer, "ProgressDeadlineSec=%us\nProgressDeadlineAbort=%s\nCrashLimit=%u\n", 6 + 2 * DRAW(sim, DEADLINE, 3),
        DRAW(sim, DEADLINE_ABORT, 2) ? "yes" : "no", DRAW_RARE(sim, CRASH_LIMIT, 300, 3));
    static const char *const supersede[] = {"replace", "queue", "reject"};
    say(writer, "OnSupersede=%s\nRollbackWindow=%u\n", supersede[DRAW_RARE(sim, ON_SUPERSEDE, 300, 2)],
        DRAW_RARE(sim, ROLLBACK_WINDOW, 300, 2));
    say_windows(writer, 0);
    if (DRAW_RARE(sim, PREPARE, 150, 1))
        say(writer, "Prepare=shop-fetch@.service\n");
    say_haproxy(writer);
    if (blue_green)
        say_blue_green(writer);
    else
        say_canary(writer);
    say_metrics(writer);
    say_hooks(writer);
}

/* Another Replicas=; the same and what waits for the next attempt; the same and one balancer less. */
static void draw_variants(struct sim *sim, struct writer *writer) {
    struct scenario *scenario = &sim->scenario;
    size_t base = writer->length;
    scenario->variants = 1 + DRAW_RARE(sim, VARIANTS, 100, VARIANTS_MAX - 1);
    for (uint32_t variant = 1; variant < scenario->variants; variant++) {
        writer->length = base;
        say(writer, "[Rollout]\nReplicas=%u\n", 1 + DRAW(sim, VARIANT_REPLICAS, SIM_INSTANCES));
        say_windows(writer, variant);
        if (variant == 2)
            say(writer, "DrainTimeoutSec=1s\nMinReadySec=200ms\nCrashLimit=1\n[Canary]\nStep=\nStep=setWeight 30\n"
                        "Step=pause 200ms\nStep=setWeight 60\n");
        if (variant == 3) {
            say(writer, "[HAProxy]\nSocket=\n");
            say_sockets(writer, scenario->all_balancers > 1 ? scenario->all_balancers - 1 : 1);
        }
        scenario->files[variant] = files_parse(scenario->text);
    }
}

void scenario_begin(struct sim *sim) {
    struct writer writer = {.sim = sim};
    sim->scenario.app = "shop";
    draw_versions(sim);
    draw_configuration(&writer);
    sim->scenario.files[0] = files_parse(sim->scenario.text);
    draw_variants(sim, &writer);
    files_begin(sim);
}

void scenario_end(struct sim *sim) {
    files_end(sim);
}
