/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance/systemd.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "core/words.h"
#include "instance/connection.h"
#include "instance/oneshot.h"
#include "instance/order.h"
#include "instance/service.h"
#include "instance/watch.h"

struct managed {
    struct systemd *systemd;
    enum color color;
    uint32_t number;
    struct watch watch;
    struct order order;
    struct oneshot *prepare; /* what runs before the start that was ordered; NULL: nothing */
    uint64_t prepare_token;
    struct unit_seen told;
    usec_t active_at;    /* of the properties, for which ... */
    usec_t active_since; /* ... this was computed */
};

struct systemd {
    sd_event *event;
    char *app, *instances_dir;
    struct manager_callbacks callbacks;
    struct connection connection;
    struct service service;
    struct oneshots *oneshots; /* NULL: nothing was prepared yet */
    uint32_t n;                /* watched, of each color */
    struct managed instances[COLORS][REPLICAS_MAX];
};

/* Every watched instance, blue before green. */
#define for_each_instance(instance, systemd)                          \
    for (enum color _color = BLUE; _color < COLORS; _color++)         \
        for (struct managed *instance = (systemd)->instances[_color]; \
             instance < (systemd)->instances[_color] + (systemd)->n; instance++)

static uint32_t placed_revision(const struct managed *instance) {
    const char *name = INSTANCE_NAME(instance->color, instance->number);
    char path[PATH_MAX], target[128];
    if (snprintf(path, sizeof(path), "%s/%s", instance->systemd->instances_dir, name) >= (int)sizeof(path))
        return 0;
    ssize_t len = readlink(path, target, sizeof(target) - 1);
    if (len < 0)
        return 0;
    target[len] = '\0';
    return link_target_revision(target, name);
}

static usec_t now_on(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

static usec_t active_since(struct managed *instance, usec_t active_at) {
    if (active_at == 0)
        return 0;
    if (instance->active_at != active_at) {
        instance->active_at = active_at;
        instance->active_since = active_at + now_on(CLOCK_BOOTTIME) - now_on(CLOCK_MONOTONIC);
    }
    return instance->active_since;
}

/* Tells what is seen of an instance, if that is news. */
static void tell(struct managed *instance) {
    struct manager_callbacks *callbacks = &instance->systemd->callbacks;
    struct unit_seen seen = unit_properties_seen(&instance->watch.properties);
    if (seen.known) {
        seen.active_since = active_since(instance, seen.active_since);
        seen.env_revision = placed_revision(instance);
    }
    if (unit_seen_equal(&seen, &instance->told))
        return;
    instance->told = seen;
    callbacks->seen(callbacks->userdata, instance->color, instance->number, &seen);
}

/* The order may be followed by the next one from inside the callback, so it is cleared before, and its end copied. */
static void finish(struct managed *instance) {
    struct manager_callbacks *callbacks = &instance->systemd->callbacks;
    struct order ended = instance->order;
    order_clear(&instance->order);
    callbacks->done(callbacks->userdata, instance->color, instance->number, ended.token, ended.result, ended.sentence);
}

/* ---------------------------------------------------------------- from the watch */

static void on_changed(void *userdata) {
    tell(userdata);
}

static void on_job_removed(void *userdata, uint32_t job, const char *job_result) {
    struct managed *instance = userdata;
    order_job_removed(&instance->order, job, job_result, &instance->watch.properties);
}

static void on_read(void *userdata) {
    struct managed *instance = userdata;
    if (order_looked(&instance->order, &instance->watch.properties))
        finish(instance);
}

static void on_broken(void *userdata, const char *why) {
    struct managed *instance = userdata;
    connection_lost(&instance->systemd->connection, why);
}

static const struct watch_callbacks watch_callbacks = {
    .changed = on_changed,
    .job_removed = on_job_removed,
    .read = on_read,
    .broken = on_broken,
};

/* ---------------------------------------------------------------- from the order */

static void on_look(void *userdata) {
    struct managed *instance = userdata;
    int r = watch_read(&instance->watch);
    if (r < 0)
        connection_lost(&instance->systemd->connection, strerror(-r));
}

/* ---------------------------------------------------------------- from the connection */

static void on_up(void *userdata, sd_bus *bus) {
    struct systemd *systemd = userdata;
    int begun = systemd->service.watch.unit ? watch_begin(&systemd->service.watch, bus) : 0;
    if (begun < 0) {
        connection_lost(&systemd->connection, strerror(-begun));
        return;
    }
    for_each_instance(instance, systemd) {
        int r = watch_begin(&instance->watch, bus);
        if (r < 0) {
            connection_lost(&systemd->connection, strerror(-r));
            return;
        }
    }
}

/* First nothing is watched, then everybody hears: a callee may look at, or order, any instance. */
static void on_down(void *userdata) {
    struct systemd *systemd = userdata;
    watch_end(&systemd->service.watch);
    for_each_instance(instance, systemd) watch_end(&instance->watch);
    for_each_instance(instance, systemd) {
        tell(instance);
        if (order_lost(&instance->order))
            finish(instance);
    }
}

static void on_reloaded(void *userdata) {
    struct systemd *systemd = userdata;
    for_each_instance(instance, systemd) {
        int r = watch_read(&instance->watch);
        if (r < 0) {
            connection_lost(&systemd->connection, strerror(-r));
            return;
        }
    }
}

/* ---------------------------------------------------------------- the interface */

static int watch(void *self, uint32_t n) {
    struct systemd *systemd = self;
    if (n > REPLICAS_MAX)
        return -ERANGE;
    while (systemd->n < n) {
        uint32_t number = systemd->n++; /* first, so that a connection lost below lets go of it as well */
        for (enum color color = BLUE; color < COLORS && systemd->connection.up; color++) {
            int r = watch_begin(&systemd->instances[color][number].watch, systemd->connection.bus);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

static void on_prepared(void *userdata, const struct oneshot_result *result) {
    struct managed *instance = userdata;
    struct manager_callbacks *callbacks = &instance->systemd->callbacks;
    const struct unit_order what = {.kind = UNIT_START};
    uint64_t token = instance->prepare_token;
    char sentence[SENTENCE_MAX];
    (void)string_copy(sentence, sizeof sentence, result->sentence);
    int r = result->end == ONESHOT_DONE ? 0 : result->end == ONESHOT_FAILED ? -ECHILD : -EIO;
    instance->prepare = oneshot_free(instance->prepare);
    if (r == 0) {
        r = instance->watch.properties.complete
                ? order_begin(&instance->order, instance->watch.bus, instance->systemd->event, &what, token,
                              &instance->watch.properties)
                : -ENOTCONN;
        (void)snprintf(sentence, sizeof sentence, "%s: %s", instance->watch.unit, strerror(-r));
    }
    if (r < 0)
        callbacks->done(callbacks->userdata, instance->color, instance->number, token, r, sentence);
}

/* One that still runs is of an earlier start, perhaps of another version: it is stopped first. */
static int prepare_first(struct managed *instance, const char *prepare, uint64_t token) {
    struct systemd *systemd = instance->systemd;
    struct error err = {0};
    char unit[UNIT_NAME_MAX];
    int r = template_instance(prepare, INSTANCE_NAME(instance->color, instance->number), unit, sizeof unit);
    if (r >= 0 && !systemd->oneshots)
        r = oneshots_new(systemd->event, systemd->app, &systemd->oneshots, &err);
    instance->prepare_token = token;
    return r < 0 ? r
                 : oneshot_run(systemd->oneshots, unit, now_on(CLOCK_BOOTTIME), PREPARE_WAIT_MAX, on_prepared, instance,
                               &instance->prepare, &err);
}

static int order(void *self, const struct unit_order *what, const char *prepare, uint64_t token) {
    struct systemd *systemd = self;
    if (what->color >= COLORS || what->number >= systemd->n)
        return -EINVAL;
    struct managed *instance = &systemd->instances[what->color][what->number];
    instance->prepare = oneshot_cancel(instance->prepare); /* nobody waits for it: it must not start anything later */
    if (!instance->watch.properties.complete)
        return -ENOTCONN;
    order_clear(&instance->order);
    if (what->kind == UNIT_START && *prepare)
        return prepare_first(instance, prepare, token);
    return order_begin(&instance->order, instance->watch.bus, systemd->event, what, token, &instance->watch.properties);
}

static void systemd_free(struct systemd *systemd) {
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
            oneshot_free(systemd->instances[color][number].prepare);
            order_clear(&systemd->instances[color][number].order);
            watch_destroy(&systemd->instances[color][number].watch);
        }
    oneshots_free(systemd->oneshots);
    watch_destroy(&systemd->service.watch);
    connection_close(&systemd->connection);
    sd_event_unref(systemd->event);
    free(systemd->app);
    free(systemd->instances_dir);
    free(systemd);
}

static int instance_init(struct systemd *systemd, const struct spec *spec, enum color color, uint32_t number) {
    struct managed *instance = &systemd->instances[color][number];
    char unit[UNIT_NAME_MAX];
    int r = spec_instance_unit(spec, INSTANCE_NAME(color, number), unit, sizeof(unit));
    if (r < 0)
        return r;
    instance->systemd = systemd;
    instance->color = color;
    instance->number = number;
    if ((r = watch_init(&instance->watch, unit, &watch_callbacks, instance)) < 0)
        return r;
    instance->order.unit = instance->watch.unit;
    instance->order.app = systemd->app;
    instance->order.look = on_look;
    instance->order.userdata = instance;
    return 0;
}

static int systemd_init(struct systemd *systemd, const struct spec *spec) {
    if (!systemd->app || !systemd->instances_dir)
        return -ENOMEM;
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
            int r = instance_init(systemd, spec, color, number);
            if (r < 0)
                return r;
        }
    return 0;
}

int systemd_manager_new(sd_event *event, const struct spec *spec, const char *instances_dir,
                        const struct manager_callbacks *callbacks, struct manager *ret, struct error *err) {
    struct systemd *systemd = calloc(1, sizeof(*systemd));
    if (!systemd)
        return error_set(err, -ENOMEM, "no memory to watch the units of %s", spec->app);
    systemd->event = sd_event_ref(event);
    systemd->app = strdup(spec->app);
    systemd->instances_dir = strdup(instances_dir);
    systemd->callbacks = *callbacks;

    int r = systemd_init(systemd, spec);
    if (r < 0)
        (void)error_set(err, r, "cannot watch the instances of %s: %s", spec->unit, strerror(-r));
    else
        r = connection_open(&systemd->connection, event,
                            &(struct connection_callbacks){
                                .userdata = systemd,
                                .up = on_up,
                                .down = on_down,
                                .reloaded = on_reloaded,
                            },
                            err);
    if (r < 0) {
        systemd_free(systemd);
        return r;
    }
    *ret = (struct manager){.self = systemd, .watch = watch, .order = order};
    return 0;
}

static void on_service_broken(void *userdata, const char *why) {
    struct systemd *systemd = userdata;
    connection_lost(&systemd->connection, why);
}

int systemd_manager_watch_service(struct manager *manager, const char *unit, void (*changed)(void *userdata),
                                  void *userdata, struct error *err) {
    struct systemd *systemd = manager->self;
    int r = service_init(&systemd->service, unit);
    if (r < 0)
        return error_set(err, r, "cannot watch %s: %s", unit, strerror(-r));
    systemd->service.changed = changed;
    systemd->service.userdata = userdata;
    systemd->service.broken = on_service_broken;
    systemd->service.broken_userdata = systemd;
    return 0;
}

struct manager *systemd_manager_close(struct manager *manager) {
    if (manager && manager->self)
        systemd_free(manager->self);
    if (manager)
        *manager = (struct manager){0};
    return NULL;
}
