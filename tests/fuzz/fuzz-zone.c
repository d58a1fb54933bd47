/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A moment, eight bytes of it, and any file that claims to be a time zone's: either it is refused with a reason, or its
 * local times lead back to the moments that they are of. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/zone.h"

#define MOMENTS ((int64_t)1 << 56) /* more than there are years for */
#define OFFSET_MAX (26 * 3600)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds) {
    if (!holds)
        abort();
}

static void there_and_back(const struct zone *zone, int64_t at) {
    int32_t offset = zone_offset(zone, at);
    struct tm local = zone_local(zone, at);
    must(offset >= -OFFSET_MAX && offset <= OFFSET_MAX);
    if (local.tm_mday == 0)
        return; /* there is no such year */
    must(local.tm_mon >= 0 && local.tm_mon < 12 && local.tm_mday <= 31 && local.tm_wday >= 0 && local.tm_wday < 7);
    must(llabs(zone_time(zone, &local) - at) <= 2 * OFFSET_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct zone *zone = NULL;
    struct error err = {0};
    int64_t at = 0;
    if (size < sizeof at)
        return 0;
    memcpy(&at, data, sizeof at);
    if (zone_parse("fuzz", data + sizeof at, size - sizeof at, &zone, &err) < 0) {
        must(!zone && err.code < 0 && *err.text);
        return 0;
    }
    there_and_back(zone, at % MOMENTS);
    there_and_back(zone, 1700000000 + at % (400LL * 366 * 86400));
    (void)zone_free(zone);
    return 0;
}
