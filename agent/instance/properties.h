/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What systemd says of one unit: its properties as they come over D-Bus, and what they mean to the core. */
#ifndef ROLLOUT_INSTANCE_PROPERTIES_H
#define ROLLOUT_INSTANCE_PROPERTIES_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "core/model.h"

/* Names as in org.freedesktop.systemd1(5). Points in time are on CLOCK_MONOTONIC, the only steady clock that systemd
 * tells. */
struct unit_properties {
    bool complete; /* all of it has been read at least once; until then nothing else counts */
    char load_state[16], active_state[16], sub_state[32];
    char result[24];
    int32_t main_code, main_status; /* ExecMainCode (CLD_*), ExecMainStatus */
    struct id128 invocation;
    uint32_t restarts; /* NRestarts */
    uint32_t job;      /* 0: none */
    bool condition_result;
    usec_t condition_at; /* 0: never checked */
    usec_t active_at;    /* ActiveEnterTimestampMonotonic; 0: never */
    usec_t started_at;   /* InactiveExitTimestampMonotonic; 0: never */
    usec_t start_timeout, stop_timeout, job_timeout;
};

/* Takes what the a{sv} says that MESSAGE stands at, and leaves all else as it is. -ENXIO or -EBADMSG when a property
 * has another type than we know; some may have been taken then. */
int unit_properties_update(struct unit_properties *properties, sd_bus_message *message);

/* No unit file, or masked. */
bool unit_properties_missing(const struct unit_properties *properties);

/* What the core sees. Of the members that systemd does not know, env_revision is 0, and active_since is still on
 * CLOCK_MONOTONIC. All zero (known=false) while the properties are not complete or the state is none we know. */
struct unit_seen unit_properties_seen(const struct unit_properties *properties);

/* How the unit's last run ended: "exit-code 1", "exit-code 203/EXEC", "signal SEGV", "timeout"; "" when nothing went
 * wrong. */
void unit_properties_result(const struct unit_properties *properties, char *ret, size_t size);

/* The revision that the link of an instance points to: 7 for "../revisions/7/blue-1", 0 when TARGET has another form.
 */
uint32_t link_target_revision(const char *target, const char *instance);

bool unit_seen_equal(const struct unit_seen *a, const struct unit_seen *b);

#endif
