/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "windows.h"

#include <stdio.h>

#include "sim.h"

#define HOUR SEC(3600)
#define DAY (24 * HOUR)
#define EVERY_DAY 0x7f
#define TUESDAY (1 << 2)

/* It is Tuesday, 22:13 and some seconds in Greenwich when a run begins. No zone changes its clock in November. */
static const struct {
    const char *text;
    usec_t east; /* of Greenwich */
    uint8_t days;
    uint32_t from, to; /* minutes */
} windows[] = {
    {"22:14-24:00 UTC", 0, EVERY_DAY, 22 * 60 + 14, 24 * 60},
    {"Mon..Thu 21:00-22:14", 0, 0x1e, 21 * 60, 22 * 60 + 14},
    {"Tue,Wed 23:14-23:15 Europe/Berlin", HOUR, TUESDAY | TUESDAY << 1, 23 * 60 + 14, 23 * 60 + 15},
    {"Sat 09:00-16:00", 0, 1 << 6, 9 * 60, 16 * 60},
};

windows_t windows_draw(struct sim *sim) {
    static const windows_t some[] = {0, 1, 2, 4, 8, 2 | 4, 1 | 8};
    return some[DRAW_RARE(sim, WINDOWS, 120, sizeof some - 1)];
}

void windows_write(windows_t which, char *buffer, size_t size) {
    size_t length = 0;
    *buffer = '\0';
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
        if (which >> i & 1 && length < size)
            length += (size_t)snprintf(buffer + length, size - length, "DeployWindow=%s\n", windows[i].text);
}

static bool is_within(size_t window, usec_t wall) {
    usec_t local = wall + windows[window].east;
    usec_t day = (local / DAY + 4) % 7; /* 1970 began on a Thursday */
    usec_t minute = local % DAY / SEC(60);
    return windows[window].days >> day & 1 && minute >= windows[window].from && minute < windows[window].to;
}

bool windows_open(const struct sim *sim, usec_t when) {
    windows_t which = sim->scenario.windows[files_new(sim)];
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
        if (which >> i & 1 && is_within(i, host_wall(sim, when)))
            return true;
    return which == 0;
}
