/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rollout-agent APP: command line, event loop, sd_notify; nothing else. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>
#include <time.h>

#include "agent.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "common/text.h"
#include "instance/systemd.h"
#include "notify/hook.h"
#include "notify/journal.h"
#include "provider/host.h"
#include "store/file-store.h"
#include "traffic/haproxy.h"

/* Exit codes, those of rollout-agent(8). */
enum { EXIT_OK = 0, EXIT_BROKEN = 1, EXIT_SPEC = 2 };

/* READY=1 is said when what was saved runs again, or after this: HAProxy waits for it at boot. */
#define READY_PATIENCE (10 * USEC_PER_SEC)
/* Passes without a look at the event loop; one is usual. */
#define PASSES_MAX 8

struct driver {
    const char *app;
    sd_event *event;
    sd_event_source *wake, *ready;
    bool said_ready;
    uint64_t watchdog; /* WatchdogSec= in microseconds; 0: none */
    struct store store;
    struct router router;
    struct manager manager;
    struct provider_host *provider;
    struct api_server *api;
    struct agent *agent;
};

/* ---------------------------------------------------------------- callbacks of what the agent stands on */

static void on_exchanged(void *userdata, uint32_t balancer, uint64_t token, const struct exchange_result *result) {
    agent_exchanged(((struct driver *)userdata)->agent, balancer, token, result);
}

static void on_unit_seen(void *userdata, enum color color, uint32_t number, const struct unit_seen *seen) {
    agent_unit_seen(((struct driver *)userdata)->agent, color, number, seen);
}

static void on_unit_done(void *userdata, enum color color, uint32_t number, uint64_t token, int result,
                         const char *sentence) {
    agent_unit_done(((struct driver *)userdata)->agent, color, number, token, result, sentence);
}

static void on_measured(void *userdata, uint64_t token, enum answer_kind kind, const char *value, const char *message) {
    struct agent *agent = ((struct driver *)userdata)->agent;
    if (!agent_hook_answered(agent, token, kind == ANSWER_SUCCESSFUL, message))
        agent_measured(agent, token, kind, value, message);
}

static void on_balancer_service(void *userdata) {
    agent_look(((struct driver *)userdata)->agent);
}

static void on_view(void *userdata, struct api_view *ret) {
    agent_view(((struct driver *)userdata)->agent, ret);
}

static int on_run(void *userdata, uint32_t id, struct run_view *ret, struct error *err) {
    return agent_run(((struct driver *)userdata)->agent, id, ret, err);
}

static int on_analyze(void *userdata, const struct api_analysis *asked, uint32_t *ret_run, struct error *err) {
    return agent_analyze(((struct driver *)userdata)->agent, asked, ret_run, err);
}

static int on_command(void *userdata, const struct api_command *asked, struct command_result *ret, struct error *err) {
    return agent_command(((struct driver *)userdata)->agent, asked, ret, err);
}

static int on_plan(void *userdata, const struct api_command *asked, struct api_plan *ret, struct error *err) {
    return agent_plan(((struct driver *)userdata)->agent, asked, ret, err);
}

/* ---------------------------------------------------------------- ports of the agent */

static usec_t clock_read(clockid_t id) {
    struct timespec at = {0};
    (void)clock_gettime(id, &at);
    return (usec_t)at.tv_sec * USEC_PER_SEC + at.tv_nsec / 1000;
}

static void port_clock(void *userdata, struct agent_clock *ret) {
    (void)userdata;
    *ret = (struct agent_clock){.boottime = clock_read(CLOCK_BOOTTIME), .wall = clock_read(CLOCK_REALTIME)};
}

static int port_load_analysis(void *userdata, const struct analysis_use *use, struct spec **ret, struct error *err) {
    const struct driver *driver = userdata;
    struct spec *spec = NULL;
    int r = spec_load_analysis(driver->app, NULL, use, &spec, err);
    if (r >= 0)
        r = spec_check_others(spec, NULL, err);
    for (size_t i = 0; r >= 0 && i < spec->n_templates; i++)
        for (size_t m = 0; r >= 0 && m < spec->templates[i].n_metrics; m++) {
            const struct metric_spec *metric = &spec->templates[i].metrics[m];
            const struct provider *provider = provider_find(metric->provider);
            r = provider ? provider->check(metric, err)
                         : error_set(err, -EINVAL, "%s:%d: Provider=%s is not known", metric->file, metric->line,
                                     metric->provider);
        }
    for (size_t i = 0; r >= 0 && i < spec->n_hooks; i++)
        r = hook_check(&spec->hooks[i], err);
    if (r < 0) {
        spec_free(spec);
        return r;
    }
    *ret = spec;
    return 0;
}

static int port_load_spec(void *userdata, struct spec **ret, struct error *err) {
    return port_load_analysis(userdata, NULL, ret, err);
}

static int port_ask(void *userdata, const struct metric_spec *metric, const struct subject *subject, uint64_t token,
                    struct error *err) {
    const struct driver *driver = userdata;
    const struct provider *provider = provider_find(metric->provider);
    if (!provider)
        return error_set(err, -ENOENT, "Provider=%s is not known", metric->provider);
    return provider->ask(driver->provider, metric, subject, token, err);
}

static int port_ask_hook(void *userdata, const struct party_spec *hook, const struct subject *subject, const char *body,
                         uint64_t token, struct error *err) {
    return hook_ask(((struct driver *)userdata)->provider, hook, subject, body, token, err);
}

static int port_check_deploy(void *userdata, const struct spec *spec, const char *version, struct error *err) {
    _cleanup_free_ char *release = NULL;
    struct stat stat_of;
    (void)userdata;
    int r = haproxy_check_route_map(spec, err);
    if (r >= 0)
        r = spec_release_folder(spec, version, &release, err);
    if (r < 0 || !release)
        return r;
    if (stat(release, &stat_of) < 0)
        return error_set(err, -ENOENT, "version %s: its release folder %s is not there: %s", version, release,
                         strerror(errno));
    if (!S_ISDIR(stat_of.st_mode))
        return error_set(err, -ENOTDIR, "version %s: its release %s is no folder", version, release);
    return 0;
}

static void port_event(void *userdata, const struct spec *spec, const struct state *state, const struct event *event) {
    (void)userdata;
    notify_journal(spec, state, event);
}

static int port_configure(void *userdata, const struct spec *spec, struct error *err) {
    struct driver *driver = userdata;
    char path[320];
    if (driver->router.self)
        return haproxy_router_set_spec(&driver->router, spec, err);
    (void)snprintf(path, sizeof path, "%s/%s/haproxy", ROLLOUT_STATE_DIR, driver->app);
    return haproxy_router_new(driver->event, spec, path, on_exchanged, driver, &driver->router, err);
}

static void port_changed(void *userdata) {
    struct driver *driver = userdata;
    if (driver->api)
        api_server_changed(driver->api);
}

/* ---------------------------------------------------------------- the loop */

/* What `systemctl status` shows. */
static void tell_status(const struct driver *driver) {
    struct api_view view;
    struct explanation e;
    agent_view(driver->agent, &view);
    explain(view.spec, view.state, view.world, view.now, &e);
    const char *phase = phase_to_string(view.degraded ? PHASE_DEGRADED : e.phase);
    const char *message = view.degraded ? view.degraded : e.message;
    const struct rollout *rollout = &view.state->rollout;
    if (rollout->mode != MODE_RUNNING || e.weight_actual < 0)
        (void)sd_notifyf(0, "STATUS=%s: %s", phase, message);
    else
        (void)sd_notifyf(0, "STATUS=%s, step %u of %u done, %d %% of requests to revision %u: %s", phase, rollout->step,
                         view.spec->n_steps, (int)(e.weight_actual * 100 / SHARE_FULL), rollout->revision, message);
}

static void say_ready(struct driver *driver) {
    if (driver->said_ready)
        return;
    driver->said_ready = true;
    driver->ready = sd_event_source_disable_unref(driver->ready);
    (void)sd_notify(0, "READY=1");
}

static int on_ready_patience(sd_event_source *source, uint64_t at, void *userdata) {
    (void)source;
    (void)at;
    say_ready(userdata);
    return 0;
}

static int on_wake(sd_event_source *source, uint64_t at, void *userdata) {
    (void)source;
    (void)at;
    (void)userdata;
    return 0; /* the pass comes behind every event, so behind this one too */
}

/* Behind whatever happened: as many passes as are due, then the alarm for the next one. */
static int on_post(sd_event_source *source, void *userdata) {
    struct driver *driver = userdata;
    usec_t wake = 0;
    bool passed = false, due = agent_due(driver->agent, &wake);
    (void)source;
    due = due || wake <= clock_read(CLOCK_BOOTTIME);
    for (int i = 0; due && i < PASSES_MAX; i++) {
        agent_pass(driver->agent);
        passed = true;
        due = agent_due(driver->agent, &wake);
    }
    if (!passed)
        return 0;
    if (agent_settled(driver->agent))
        say_ready(driver);
    tell_status(driver);
    if (!due && wake == USEC_INFINITY)
        return sd_event_source_set_enabled(driver->wake, SD_EVENT_OFF);
    int r = sd_event_source_set_time(driver->wake, due ? 0 : (uint64_t)wake);
    return r < 0 ? r : sd_event_source_set_enabled(driver->wake, SD_EVENT_ONESHOT);
}

/* A healthy idle agent wakes up for nothing else, so it has a look at the balancers as well: somebody may have set a
 * weight by hand, of which HAProxy tells nobody. */
static int on_watchdog(sd_event_source *source, uint64_t at, void *userdata) {
    struct driver *driver = userdata;
    (void)at;
    (void)sd_notify(0, "WATCHDOG=1");
    agent_look(driver->agent);
    int r = sd_event_source_set_time_relative(source, driver->watchdog / 2);
    return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
    struct driver *driver = userdata;
    struct error err = {0};
    (void)source;
    (void)info;
    if (agent_reload(driver->agent, &err) < 0)
        log_error("spec", "nothing was changed: %s", err.text);
    else
        log_info("spec", "the configuration was read again");
    return 0;
}

/* ---------------------------------------------------------------- begin and end */

static int begin_loop(struct driver *driver) {
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -errno;
    sd_event *event = driver->event;
    int r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
    if (r >= 0)
        r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
    if (r >= 0)
        r = sd_event_add_signal(event, NULL, SIGHUP, on_hangup, driver);
    if (r >= 0)
        r = sd_event_add_time(event, &driver->wake, CLOCK_BOOTTIME, 0, 1000, on_wake, driver);
    if (r >= 0)
        r = sd_event_add_time_relative(event, &driver->ready, CLOCK_MONOTONIC, (uint64_t)READY_PATIENCE, 0,
                                       on_ready_patience, driver);
    if (r >= 0)
        r = sd_event_add_post(event, NULL, on_post, driver);
    if (r >= 0 && sd_watchdog_enabled(0, &driver->watchdog) > 0)
        r = sd_event_add_time_relative(event, NULL, CLOCK_MONOTONIC, driver->watchdog / 2, 0, on_watchdog, driver);
    return r;
}

static int begin_agent(struct driver *driver, struct error *err) {
    struct agent_ports ports = {.userdata = driver,
                                .router = &driver->router,
                                .manager = &driver->manager,
                                .store = &driver->store,
                                .clock = port_clock,
                                .load_spec = port_load_spec,
                                .load_analysis = port_load_analysis,
                                .ask = port_ask,
                                .ask_hook = port_ask_hook,
                                .check_deploy = port_check_deploy,
                                .event = port_event,
                                .changed = port_changed,
                                .configure = port_configure};
    sd_id128_t boot;
    int r = sd_id128_get_boot(&boot);
    if (r < 0)
        return error_set(err, r, "cannot read the boot id: %s", strerror(-r));
    memcpy(&ports.boot, &boot, sizeof ports.boot);
    return agent_start(driver->app, &ports, &driver->agent, err);
}

static int begin(struct driver *driver, struct error *err) {
    char state_dir[256], run_dir[256], path[320];
    const struct manager_callbacks units = {.userdata = driver, .seen = on_unit_seen, .done = on_unit_done};
    const struct api_handler handler = {.userdata = driver,
                                        .view = on_view,
                                        .run = on_run,
                                        .analyze = on_analyze,
                                        .command = on_command,
                                        .plan = on_plan};
    (void)snprintf(state_dir, sizeof state_dir, "%s/%s", ROLLOUT_STATE_DIR, driver->app);
    (void)snprintf(run_dir, sizeof run_dir, "%s/%s", ROLLOUT_RUN_DIR, driver->app);

    int r = sd_event_default(&driver->event);
    if (r >= 0)
        r = begin_loop(driver);
    if (r < 0)
        return error_set(err, r, "cannot make an event loop: %s", strerror(-r));
    r = file_store_new(state_dir, driver->app, &driver->store, err);
    if (r < 0)
        return r;
    r = provider_host_new(driver->event, on_measured, driver, &driver->provider, err);
    if (r < 0)
        return r;
    r = begin_agent(driver, err);
    if (r < 0)
        return r;
    struct api_view view;
    agent_view(driver->agent, &view);
    (void)snprintf(path, sizeof path, "%s/instances", state_dir);
    r = systemd_manager_new(driver->event, view.spec, path, &units, &driver->manager, err);
    if (r >= 0)
        r = systemd_manager_watch_service(&driver->manager, "haproxy.service", on_balancer_service, driver, err);
    if (r < 0)
        return r;
    return api_server_new(driver->event, run_dir, &handler, &driver->api, err);
}

static void end(struct driver *driver) {
    driver->api = api_server_free(driver->api);
    (void)systemd_manager_close(&driver->manager);
    haproxy_router_free(&driver->router);
    driver->provider = provider_host_free(driver->provider);
    driver->agent = agent_free(driver->agent);
    file_store_done(&driver->store);
    driver->ready = sd_event_source_unref(driver->ready);
    driver->wake = sd_event_source_unref(driver->wake);
    driver->event = sd_event_unref(driver->event);
}

static int run(const char *app) {
    struct driver driver = {.app = app};
    struct error err = {0};
    int r = begin(&driver, &err);
    if (r < 0) {
        log_error("agent", "%s: %s", app, err.text);
        bool spec = !driver.agent && r == -ENOEXEC;
        end(&driver);
        return spec ? EXIT_SPEC : EXIT_BROKEN;
    }
    r = sd_event_loop(driver.event);
    (void)sd_notify(0, "STOPPING=1");
    if (r < 0)
        log_error("agent", "the event loop ended: %s", strerror(-r));
    end(&driver);
    return r < 0 ? EXIT_BROKEN : EXIT_OK;
}

int main(int argc, char **argv) {
    if (argc == 2 && STR_IN_SET(argv[1], "-h", "--help")) {
        printf("Usage: rollout-agent APP\n\nRuns the rollouts of one app. Started by systemd as rollout@APP.service; "
               "see rollout-agent(8).\n");
        return EXIT_OK;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("%s\n", PACKAGE_STRING);
        return EXIT_OK;
    }
    if (argc != 2 || !app_name_valid(argv[1])) {
        fprintf(stderr, "Usage: rollout-agent APP, where APP is 1 to 63 of a-z 0-9 -, not beginning with -\n");
        return EXIT_SPEC;
    }
    const char *level = getenv("ROLLOUT_LOG_LEVEL");
    int wanted = level ? log_level_from_string(level) : LOG_INFO;
    log_setup(wanted < 0 ? LOG_INFO : wanted);
    return run(argv[1]);
}
