/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "instance/connection.h"

#define INTERFACE_UNIT "org.freedesktop.systemd1.Unit"
#define INTERFACE_PROPERTIES "org.freedesktop.DBus.Properties"

/* A full read came to an error. Trouble with this one object is knowledge (no such unit can exist); all else is trouble
 * with the connection. */
static void read_failed(struct watch *watch, const sd_bus_error *error) {
    if (!STR_IN_SET(error->name, SD_BUS_ERROR_UNKNOWN_OBJECT, SD_BUS_ERROR_INVALID_ARGS,
                    "org.freedesktop.systemd1.NoSuchUnit")) {
        watch->callbacks->broken(watch->userdata, error->name);
        return;
    }
    watch->properties =
        (struct unit_properties){.complete = true, .load_state = "not-found", .active_state = "inactive"};
    watch->callbacks->changed(watch->userdata);
    watch->callbacks->read(watch->userdata);
}

static int on_read(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
    struct watch *watch = userdata;
    watch->read = sd_bus_slot_unref(watch->read);
    if (sd_bus_message_is_method_error(reply, NULL)) {
        read_failed(watch, sd_bus_message_get_error(reply));
        return 0;
    }
    if (unit_properties_update(&watch->properties, reply) < 0) {
        watch->callbacks->broken(watch->userdata, "a unit's properties are not understood");
        return 0;
    }
    watch->properties.complete = true;
    watch->callbacks->changed(watch->userdata);
    if (watch->bus) /* the callee may have closed us */
        watch->callbacks->read(watch->userdata);
    return 0;
}

/* Asking for an object loads its unit, as LoadUnit() would, so there is nothing to do before. All interfaces in one
 * call: the answer is one moment's, and D-Bus bounds how many answers may be outstanding. */
int watch_read(struct watch *watch) {
    if (!watch->bus)
        return -ENOTCONN;
    if (watch->read)
        return 0;
    return sd_bus_call_method_async(watch->bus, &watch->read, SYSTEMD_NAME, watch->path, INTERFACE_PROPERTIES, "GetAll",
                                    on_read, watch, "s", "");
}

static void read_again(struct watch *watch) {
    int r = watch->bus ? watch_read(watch) : 0; /* a callee may have lost the connection meanwhile */
    if (r < 0)
        watch->callbacks->broken(watch->userdata, strerror(-r));
}

/* systemd sends a unit's changes in two signals, first those of the type (Service), then those of Unit, "so that
 * clients may rely on this order to get atomic behavior" (dbus-unit.c): with the second one the picture is whole.
 * Everything that changes with a run is in these signals; a unit that wasn't loaded well may have been since, and that
 * is not. */
static int on_properties_changed(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
    struct watch *watch = userdata;
    const char *interface;
    int r = sd_bus_message_read(message, "s", &interface);
    if (r >= 0)
        r = unit_properties_update(&watch->properties, message);
    if (r < 0) {
        watch->callbacks->broken(watch->userdata, "a change of a unit's properties is not understood");
        return 0;
    }
    if (strcmp(interface, INTERFACE_UNIT) != 0 || !watch->properties.complete)
        return 0;
    if (strcmp(watch->properties.load_state, "loaded") != 0)
        read_again(watch);
    if (watch->bus)
        watch->callbacks->changed(watch->userdata);
    return 0;
}

/* A filter: it gets every message of the connection. */
static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
    struct watch *watch = userdata;
    uint32_t job;
    const char *path, *unit, *job_result;
    if (sd_bus_message_is_signal(message, SYSTEMD_MANAGER, "JobRemoved") <= 0)
        return 0;
    if (sd_bus_message_read(message, "uoss", &job, &path, &unit, &job_result) < 0) {
        watch->callbacks->broken(watch->userdata, "the signal JobRemoved is not understood");
        return 0;
    }
    if (strcmp(unit, watch->unit) == 0) {
        watch->callbacks->job_removed(watch->userdata, job, job_result);
        read_again(watch);
    }
    return 0; /* let others have it too */
}

static int on_matched(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
    struct watch *watch = userdata;
    watch->add_match = sd_bus_slot_unref(watch->add_match);
    if (sd_bus_message_is_method_error(reply, NULL))
        watch->callbacks->broken(watch->userdata, sd_bus_message_get_error(reply)->name);
    return 0;
}

/* Stands from the beginning, not only while we start something: so it is always there before a job of ours ends. The
 * bus sends us only our own unit's jobs; sd-bus itself cannot match the third argument where the first is no string (it
 * would drop every signal), hence the filter. */
static int match_jobs(struct watch *watch) {
    char rule[512 + UNIT_NAME_MAX];
    (void)snprintf(rule, sizeof(rule),
                   "type='signal',sender='" SYSTEMD_NAME "',path='" SYSTEMD_PATH "',interface='" SYSTEMD_MANAGER
                   "',member='JobRemoved',arg2='%s'",
                   watch->unit);
    int r = sd_bus_add_filter(watch->bus, &watch->filter, on_message, watch);
    if (r < 0)
        return r;
    return sd_bus_call_method_async(watch->bus, &watch->add_match, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                    "org.freedesktop.DBus", "AddMatch", on_matched, watch, "s", rule);
}

int watch_begin(struct watch *watch, sd_bus *bus) {
    watch->bus = sd_bus_ref(bus);
    int r = sd_bus_match_signal_async(bus, &watch->properties_changed, SYSTEMD_NAME, watch->path, INTERFACE_PROPERTIES,
                                      "PropertiesChanged", on_properties_changed, NULL, watch);
    if (r >= 0)
        r = match_jobs(watch);
    return r < 0 ? r : watch_read(watch);
}

void watch_end(struct watch *watch) {
    watch->properties_changed = sd_bus_slot_unref(watch->properties_changed);
    watch->filter = sd_bus_slot_unref(watch->filter);
    watch->add_match = sd_bus_slot_unref(watch->add_match);
    watch->read = sd_bus_slot_unref(watch->read);
    watch->bus = sd_bus_unref(watch->bus);
    watch->properties = (struct unit_properties){0};
}

int watch_init(struct watch *watch, const char *unit, const struct watch_callbacks *callbacks, void *userdata) {
    watch->callbacks = callbacks;
    watch->userdata = userdata;
    watch->unit = strdup(unit);
    if (!watch->unit || sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &watch->path) < 0) {
        watch_destroy(watch);
        return -ENOMEM;
    }
    return 0;
}

void watch_destroy(struct watch *watch) {
    watch_end(watch);
    free(watch->unit);
    free(watch->path);
    watch->unit = watch->path = NULL;
}
