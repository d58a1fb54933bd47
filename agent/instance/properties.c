/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance/properties.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

/* How a property is taken from the message, by its D-Bus type. */
typedef int (*reader)(sd_bus_message *message, void *field, size_t size);

static int read_text(sd_bus_message *message, void *field, size_t size) {
    const char *text;
    int r = sd_bus_message_read(message, "s", &text);
    if (r >= 0)
        (void)string_copy(field, size, text); /* a word too long is none that we know */
    return r;
}

static int read_bool(sd_bus_message *message, void *field, size_t size) {
    int value;
    int r = sd_bus_message_read(message, "b", &value);
    if (r >= 0)
        *(bool *)field = value;
    return r;
}

static int read_u32(sd_bus_message *message, void *field, size_t size) {
    return sd_bus_message_read(message, "u", field);
}

static int read_i32(sd_bus_message *message, void *field, size_t size) {
    return sd_bus_message_read(message, "i", field);
}

static int read_usec(sd_bus_message *message, void *field, size_t size) {
    uint64_t value;
    int r = sd_bus_message_read(message, "t", &value);
    if (r >= 0)
        *(usec_t *)field = value > INT64_MAX ? USEC_INFINITY : (usec_t)value;
    return r;
}

static int read_id(sd_bus_message *message, void *field, size_t size) {
    const void *bytes;
    size_t len;
    int r = sd_bus_message_read_array(message, 'y', &bytes, &len);
    if (r < 0)
        return r;
    memset(field, 0, size);
    if (len == size)
        memcpy(field, bytes, size);
    return 0;
}

static int read_job(sd_bus_message *message, void *field, size_t size) {
    const char *path;
    return sd_bus_message_read(message, "(uo)", field, &path);
}

struct row {
    const char *name, *type;
    reader read;
    size_t offset, size;
};

#define ROW(name, type, read, field) \
    { name, type, read, offsetof(struct unit_properties, field), sizeof(((struct unit_properties *)0)->field) }

static const struct row rows[] = {
    ROW("LoadState", "s", read_text, load_state),
    ROW("ActiveState", "s", read_text, active_state),
    ROW("SubState", "s", read_text, sub_state),
    ROW("Result", "s", read_text, result),
    ROW("ExecMainCode", "i", read_i32, main_code),
    ROW("ExecMainStatus", "i", read_i32, main_status),
    ROW("InvocationID", "ay", read_id, invocation),
    ROW("NRestarts", "u", read_u32, restarts),
    ROW("Job", "(uo)", read_job, job),
    ROW("ConditionResult", "b", read_bool, condition_result),
    ROW("ConditionTimestampMonotonic", "t", read_usec, condition_at),
    ROW("ActiveEnterTimestampMonotonic", "t", read_usec, active_at),
    ROW("InactiveExitTimestampMonotonic", "t", read_usec, started_at),
    ROW("TimeoutStartUSec", "t", read_usec, start_timeout),
    ROW("TimeoutStopUSec", "t", read_usec, stop_timeout),
    ROW("JobTimeoutUSec", "t", read_usec, job_timeout),
};

static int update_one(struct unit_properties *properties, sd_bus_message *message) {
    const char *name;
    int r = sd_bus_message_read(message, "s", &name);
    if (r < 0)
        return r;

    for (const struct row *row = rows; row < rows + ELEMENTS(rows); row++) {
        if (strcmp(row->name, name) != 0)
            continue;
        r = sd_bus_message_enter_container(message, 'v', row->type);
        if (r >= 0)
            r = row->read(message, (char *)properties + row->offset, row->size);
        return r < 0 ? r : sd_bus_message_exit_container(message);
    }
    return sd_bus_message_skip(message, "v");
}

int unit_properties_update(struct unit_properties *properties, sd_bus_message *message) {
    int r = sd_bus_message_enter_container(message, 'a', "{sv}");
    if (r < 0)
        return r;
    while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
        r = update_one(properties, message);
        if (r >= 0)
            r = sd_bus_message_exit_container(message);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : sd_bus_message_exit_container(message);
}

bool unit_properties_missing(const struct unit_properties *properties) {
    return STR_IN_SET(properties->load_state, "not-found", "masked");
}

/* -EINVAL for a state that no systemd had when this was written. */
static int unit_state(const struct unit_properties *properties, enum unit_state *ret) {
    static const struct {
        const char *word;
        enum unit_state state;
    } states[] = {
        {"active", UNIT_ACTIVE},     {"reloading", UNIT_ACTIVE},     {"refreshing", UNIT_ACTIVE},
        {"inactive", UNIT_INACTIVE}, {"maintenance", UNIT_INACTIVE}, /* `systemctl clean` is at work on what it left */
        {"failed", UNIT_FAILED},     {"activating", UNIT_STARTING},  {"deactivating", UNIT_STOPPING},
    };

    /* auto-restart, and what newer ones have beside it: auto-restart-queued, failed-before-auto-restart, ... */
    if (strstr(properties->sub_state, "auto-restart")) {
        *ret = UNIT_RESTARTING;
        return 0;
    }
    for (size_t i = 0; i < ELEMENTS(states); i++)
        if (strcmp(states[i].word, properties->active_state) == 0) {
            *ret = states[i].state;
            return 0;
        }
    return -EINVAL;
}

struct unit_seen unit_properties_seen(const struct unit_properties *properties) {
    enum unit_state state;
    if (!properties->complete || unit_state(properties, &state) < 0)
        return (struct unit_seen){0};

    struct unit_seen seen = {
        .known = true,
        .state = state,
        .job = properties->job != 0,
        .missing = unit_properties_missing(properties),
        .invocation = properties->invocation,
        .restarts = properties->restarts,
        .active_since = state == UNIT_ACTIVE ? properties->active_at : 0,
    };
    unit_properties_result(properties, seen.result, sizeof(seen.result));
    return seen;
}

/* systemd's own exit codes (systemd.exec(5)) that a wrong unit file or host gives; the service was not even run. */
static const char *exit_code_name(int code) {
    switch (code) {
    case 200:
        return "/CHDIR";
    case 203:
        return "/EXEC";
    case 209:
        return "/STDOUT";
    case 214:
        return "/SETSCHEDULER";
    case 216:
        return "/GROUP";
    case 217:
        return "/USER";
    case 226:
        return "/NAMESPACE";
    case 228:
        return "/SECCOMP";
    case 238:
        return "/STATE_DIRECTORY";
    case 243:
        return "/CREDENTIALS";
    default:
        return "";
    }
}

void unit_properties_result(const struct unit_properties *properties, char *ret, size_t size) {
    const char *word = properties->result;
    int status = properties->main_status;
    const char *signal_name = status > 0 ? sigabbrev_np(status) : NULL;

    /* Code and status are the main process's: they say nothing where a helper (ExecStartPre=) was what failed. */
    if (strcmp(word, "success") == 0)
        *ret = '\0';
    else if (strcmp(word, "exit-code") == 0 && properties->main_code == CLD_EXITED && status != 0)
        (void)snprintf(ret, size, "exit-code %d%s", status, exit_code_name(status));
    else if (strcmp(word, "signal") == 0 && properties->main_code == CLD_KILLED && signal_name)
        (void)snprintf(ret, size, "signal %s", signal_name);
    else if (strcmp(word, "core-dump") == 0 && properties->main_code == CLD_DUMPED && signal_name)
        (void)snprintf(ret, size, "core-dump %s", signal_name);
    else
        (void)string_copy(ret, size, word);
}

uint32_t link_target_revision(const char *target, const char *instance) {
    static const char folder[] = "../revisions/";
    if (strncmp(target, folder, strlen(folder)) != 0)
        return 0;
    const char *digits = target + strlen(folder);
    size_t len = strspn(digits, "0123456789");
    if (len == 0 || len > 9 || digits[len] != '/' || strcmp(digits + len + 1, instance) != 0)
        return 0;
    return (uint32_t)strtoul(digits, NULL, 10);
}

bool unit_seen_equal(const struct unit_seen *a, const struct unit_seen *b) {
    return a->known == b->known && a->state == b->state && a->job == b->job && a->missing == b->missing &&
           memcmp(&a->invocation, &b->invocation, sizeof(a->invocation)) == 0 && a->restarts == b->restarts &&
           a->env_revision == b->env_revision && a->active_since == b->active_since &&
           strcmp(a->result, b->result) == 0;
}
