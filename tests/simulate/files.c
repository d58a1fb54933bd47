/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which configuration counts: what the latest attempt began with, but for Replicas= and Socket=, which are those of the
 * files when they were last read without an error. */
#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* Parsing is most of the work of a seed, and its configurations never change: the agent gets copies of what was parsed
 * once. The linker brings its calls here (--wrap). */
int __real_spec_parse(const char *app, const char *text, const char *name, struct spec **ret, struct error *err);
struct spec *__real_spec_free(struct spec *spec);
int __wrap_spec_parse(const char *app, const char *text, const char *name, struct spec **ret, struct error *err);
struct spec *__wrap_spec_free(struct spec *spec);

static struct spec *const *parsed; /* scenario.files */
static uint32_t n_parsed;

int __wrap_spec_parse(const char *app, const char *text, const char *name, struct spec **ret, struct error *err) {
    for (uint32_t i = 0; i < n_parsed; i++) {
        if (strcmp(parsed[i]->text, text) != 0)
            continue;
        struct spec *copy = malloc(sizeof *copy);
        if (!copy)
            abort();
        memcpy(copy, parsed[i], sizeof *copy);
        *ret = copy;
        return 0;
    }
    return __real_spec_parse(app, text, name, ret, err);
}

struct spec *__wrap_spec_free(struct spec *spec) {
    for (uint32_t i = 0; spec && i < n_parsed; i++)
        if (spec->text == parsed[i]->text) {
            free(spec);
            return NULL;
        }
    return __real_spec_free(spec);
}

struct spec *files_parse(const char *text) {
    struct error err = {0};
    struct spec *spec = NULL;
    if (__real_spec_parse("shop", text, "scenario", &spec, &err) < 0) {
        (void)fprintf(stderr, "simulate: %s\n%s", err.text, text);
        abort();
    }
    return spec;
}

/* ---------------------------------------------------------------- what counts */

#define REFUSED_SOCKET "lb.example.org:9999"

uint32_t files_new(const struct sim *sim) {
    const struct files *files = &sim->files;
    return files->read ? files->latest : files->pin;
}

static void count(struct sim *sim) {
    struct scenario *scenario = &sim->scenario;
    const struct files *files = &sim->files;
    const struct spec *live = scenario->files[files_new(sim)];
    memcpy(scenario->spec, scenario->files[files->pinned ? files->pin : files->latest], sizeof *scenario->spec);
    scenario->spec->replicas = live->replicas;
    scenario->spec->haproxy.n_sockets = live->haproxy.n_sockets;
    memcpy(scenario->spec->haproxy.sockets, live->haproxy.sockets, sizeof live->haproxy.sockets);
    scenario->balancers = live->haproxy.n_sockets;
    haproxy_counted(sim);
}

void files_begin(struct sim *sim) {
    struct scenario *scenario = &sim->scenario;
    parsed = scenario->files;
    n_parsed = scenario->variants;
    scenario->spec = malloc(sizeof *scenario->spec);
    if (!scenario->spec)
        abort();
    count(sim);
}

void files_end(struct sim *sim) {
    n_parsed = 0;
    for (uint32_t i = 0; i < sim->scenario.variants; i++)
        sim->scenario.files[i] = __real_spec_free(sim->scenario.files[i]);
    free(sim->scenario.spec);
    sim->scenario.spec = NULL;
}

int files_load(void *userdata, struct spec **ret, struct error *err) {
    struct sim *sim = userdata;
    struct files *files = &sim->files;
    if (files->bad && !files->refused)
        return error_set(err, -EINVAL, "shop.conf:3: nonsense");
    int r = spec_parse(sim->scenario.app, sim->scenario.files[files->now]->text, "shop.conf", ret, err);
    if (r < 0)
        return r;
    if (files->bad) {
        (void)snprintf((*ret)->haproxy.sockets[0], SOCKET_NAME_MAX, REFUSED_SOCKET);
        return 0;
    }
    files->read = true;
    files->latest = files->now;
    count(sim);
    return 0;
}

int files_configure(void *userdata, const struct spec *spec, struct error *err) {
    return strcmp(spec->haproxy.sockets[0], REFUSED_SOCKET) == 0 ? error_set(err, -EINVAL, "no socket") : 0;
}

uint32_t files_pinned(struct sim *sim, const char *text) {
    const struct files *files = &sim->files;
    if (!files->read)
        oracle_fail(sim, "pin", "an attempt begins though the files cannot be read");
    else if (strcmp(text, sim->scenario.files[files->latest]->text) != 0)
        oracle_fail(sim, "pin", "an attempt is not pinned to what the files said");
    return files->latest;
}

void files_forget_agent(struct sim *sim) {
    sim->files.read = false;
    if (sim->files.pinned)
        count(sim); /* until it reads them, if it can */
}

void files_attempt(struct sim *sim, uint32_t revision) {
    struct files *files = &sim->files;
    bool pinned = revision > 0 && revision < REVISION_UNMANAGED && sim->disk.revisions[revision].cached;
    uint32_t pin = pinned ? sim->disk.revisions[revision].files : 0;
    if (files->pinned == pinned && files->pin == pin)
        return;
    files->pinned = pinned;
    files->pin = pin;
    count(sim);
}

void files_check(struct sim *sim) {
    struct api_view view;
    const struct spec *spec = sim->scenario.spec;
    if (!sim->host.agent || sim->host.dying || sim->disk.doubtful)
        return;
    agent_view(sim->host.agent, &view);
    if (view.spec->replicas != spec->replicas || view.spec->haproxy.n_sockets != spec->haproxy.n_sockets)
        oracle_fail(sim, "pin", "%u replicas and %u balancers count, but the agent goes by %u and %u", spec->replicas,
                    spec->haproxy.n_sockets, view.spec->replicas, view.spec->haproxy.n_sockets);
    for (uint32_t balancer = 0; balancer < spec->haproxy.n_sockets; balancer++)
        if (strcmp(view.spec->haproxy.sockets[balancer], spec->haproxy.sockets[balancer]) != 0)
            oracle_fail(sim, "pin", "the balancer %s counts, but the agent goes by %s", spec->haproxy.sockets[balancer],
                        view.spec->haproxy.sockets[balancer]);
    if (view.spec->n_steps != spec->n_steps || view.spec->min_ready != spec->min_ready ||
        view.spec->drain_timeout != spec->drain_timeout || view.spec->crash_limit != spec->crash_limit)
        oracle_fail(sim, "pin", "the agent goes by a configuration that does not count");
}

/* ---------------------------------------------------------------- who edits them */

static void on_reload(struct sim *sim, const struct happening *what) {
    struct error err = {0};
    if (!sim->host.agent || sim->host.dying)
        return;
    int r = agent_reload(sim->host.agent, &err);
    trace(sim, "files: reload: %s", r < 0 ? err.text : "taken over");
    disturbed(sim);
    if ((r < 0) != sim->files.bad)
        oracle_fail(sim, "pin", "a reload %s", r < 0 ? "fails" : "takes over bad files");
    files_check(sim);
}

static void reload_later(struct sim *sim) {
    clock_after(sim, MSEC(100 * DRAW(sim, RELOADED_AFTER, 20)), on_reload, 0, 0, 0);
}

void files_change(struct sim *sim) {
    sim->files.now = DRAW(sim, FILES_WHICH, sim->scenario.variants);
    trace(sim, "files: they say %u", sim->files.now);
    reload_later(sim);
}

static void on_mended(struct sim *sim, const struct happening *what) {
    trace(sim, "files: good again");
    sim->files.bad = false;
    on_reload(sim, what);
}

void files_spoil(struct sim *sim) {
    sim->files.bad = true;
    sim->files.refused = DRAW(sim, FILES_REFUSED, 2) != 0;
    trace(sim, "files: bad%s", sim->files.refused ? " for the router" : "");
    reload_later(sim);
    clock_after(sim, MSEC(200 + 500 * DRAW(sim, FILES_BAD_TIME, 10)), on_mended, 0, 0, 0);
}

void files_faults_end(struct sim *sim) {
    if (sim->files.bad)
        on_mended(sim, NULL);
}
