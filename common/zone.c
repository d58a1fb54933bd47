/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "common/text.h"
#include "common/zone-rule.h"

#define FOLDER "/usr/share/zoneinfo"
#define FILE_MAX ((size_t)64 << 10)
#define RULE_TEXT_MAX 128
#define HEADER 44
#define TYPE_SIZE 6
#define OFFSET_MAX (26 * 3600)

struct zone {
    uint32_t n;
    int64_t *times;   /* ascending: from then on ... */
    int32_t *offsets; /* ... it is so far east of Greenwich */
    int32_t first;    /* before all of them */
    bool has_rule;
    struct zone_rule rule; /* after all of them */
};

struct zone *zone_free(struct zone *zone) {
    if (!zone)
        return NULL;
    free(zone->times);
    free(zone->offsets);
    free(zone);
    return NULL;
}

static void cleanup_zone(struct zone **place) {
    *place = zone_free(*place);
}

/* ---------------------------------------------------------------- the file */

/* What is left of it. */
struct reader {
    const unsigned char *at;
    size_t len;
};

struct counts {
    unsigned char version;
    uint32_t utc, standard, leaps, times, types, characters;
};

static const unsigned char *take(struct reader *reader, size_t len) {
    const unsigned char *at = reader->at;
    if (len > reader->len)
        return NULL;
    reader->at += len;
    reader->len -= len;
    return at;
}

/* Big-endian, with a sign. */
static int64_t number(const unsigned char *at, size_t len) {
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < len; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

static int take_counts(struct reader *reader, struct counts *ret) {
    const unsigned char *header = take(reader, HEADER);
    if (!header || memcmp(header, "TZif", 4) != 0)
        return -EINVAL;
    uint32_t *counts[] = {&ret->utc, &ret->standard, &ret->leaps, &ret->times, &ret->types, &ret->characters};
    for (size_t i = 0; i < ELEMENTS(counts); i++) {
        int64_t count = number(header + 20 + 4 * i, 4);
        if (count < 0 || count > (int64_t)FILE_MAX)
            return -EINVAL;
        *counts[i] = (uint32_t)count;
    }
    ret->version = header[4];
    return 0;
}

/* What follows times and types, and the whole of it, where a time takes so many bytes. */
static size_t tail_size(const struct counts *counts, size_t time_size) {
    return counts->characters + counts->leaps * (time_size + 4) + counts->standard + counts->utc;
}

static size_t block_size(const struct counts *counts, size_t time_size) {
    return counts->times * (time_size + 1) + (size_t)counts->types * TYPE_SIZE + tail_size(counts, time_size);
}

static int take_times(struct reader *reader, const struct counts *counts, struct zone *zone) {
    const unsigned char *times = take(reader, (size_t)counts->times * 8), *indices = take(reader, counts->times);
    const unsigned char *types = take(reader, (size_t)counts->types * TYPE_SIZE);
    if (!times || !indices || !types || counts->types == 0 || !take(reader, tail_size(counts, 8)))
        return -EINVAL;
    zone->n = counts->times;
    zone->times = calloc(counts->times + 1, sizeof *zone->times);
    zone->offsets = calloc(counts->times + 1, sizeof *zone->offsets);
    if (!zone->times || !zone->offsets)
        return -ENOMEM;
    zone->first = (int32_t)number(types, 4);
    for (uint32_t i = 0; i < counts->times; i++) {
        zone->times[i] = number(times + (size_t)i * 8, 8);
        if (indices[i] >= counts->types || (i > 0 && zone->times[i] <= zone->times[i - 1]))
            return -EINVAL;
        zone->offsets[i] = (int32_t)number(types + (size_t)indices[i] * TYPE_SIZE, 4);
        if (zone->offsets[i] < -OFFSET_MAX || zone->offsets[i] > OFFSET_MAX)
            return -EINVAL;
    }
    return zone->first < -OFFSET_MAX || zone->first > OFFSET_MAX ? -EINVAL : 0;
}

/* A line of its own, and the last; an empty one: nobody knows how it goes on. */
static int take_rule(struct reader *reader, struct zone *zone) {
    char text[RULE_TEXT_MAX];
    if (reader->len < 2 || reader->len > sizeof text || reader->at[0] != '\n' || reader->at[reader->len - 1] != '\n')
        return -EINVAL;
    size_t len = reader->len - 2;
    memcpy(text, reader->at + 1, len);
    text[len] = '\0';
    zone->has_rule = len > 0;
    return len > 0 ? zone_rule_parse(text, &zone->rule) : 0;
}

/* The first part is for programs of the last century: its times end in 2038. */
static int read_zone(struct reader *reader, struct zone *zone) {
    struct counts counts;
    int r = take_counts(reader, &counts);
    if (r == 0)
        r = counts.version >= '2' && take(reader, block_size(&counts, 4)) ? take_counts(reader, &counts) : -EINVAL;
    if (r == 0)
        r = take_times(reader, &counts, zone);
    return r < 0 ? r : take_rule(reader, zone);
}

int zone_parse(const char *name, const void *bytes, size_t len, struct zone **ret, struct error *err) {
    _cleanup_(cleanup_zone) struct zone *zone = calloc(1, sizeof *zone);
    struct reader reader = {.at = bytes, .len = len};
    int r = zone ? read_zone(&reader, zone) : -ENOMEM;
    if (r < 0)
        return error_set(err, r, "%s/%s: %s", FOLDER, name, r == -ENOMEM ? "no memory" : "not a time zone's file");
    *ret = take_pointer(zone);
    return 0;
}

/* No way out of the folder. */
static bool name_valid(const char *name) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    return *name != '\0' && *name != '/' && strlen(name) < ZONE_NAME_MAX && name[strspn(name, allowed)] == '\0';
}

int zone_load(const char *name, struct zone **ret, struct error *err) {
    _cleanup_free_ char *bytes = NULL;
    char path[sizeof FOLDER + 1 + ZONE_NAME_MAX], shown[ZONE_NAME_MAX];
    size_t len = 0;
    int r = name_valid(name) ? snprintf(path, sizeof path, "%s/%s", FOLDER, name) : -EINVAL;
    if (r >= 0)
        r = file_read(path, FILE_MAX, &bytes, &len, NULL);
    if (r < 0)
        return error_set(err, r == -ENOMEM ? r : -EINVAL,
                         "\"%s\" is no time zone of %s, expected one like Europe/Berlin or UTC",
                         text_escape(shown, sizeof shown, name, strlen(name)), FOLDER);
    return zone_parse(name, bytes, len, ret, err);
}

/* ---------------------------------------------------------------- time */

int32_t zone_offset(const struct zone *zone, int64_t at) {
    uint32_t begun = 0;
    while (begun < zone->n && zone->times[begun] <= at)
        begun++;
    if (begun == zone->n && zone->has_rule)
        return zone_rule_offset(&zone->rule, at);
    return begun == 0 ? zone->first : zone->offsets[begun - 1];
}

struct tm zone_local(const struct zone *zone, int64_t at) {
    struct tm local = {0};
    time_t shifted = at + zone_offset(zone, at);
    if (!gmtime_r(&shifted, &local))
        local = (struct tm){0};
    return local;
}

int64_t zone_time(const struct zone *zone, struct tm *local) {
    int64_t shifted = timegm(local);
    int64_t guess = shifted - zone_offset(zone, shifted);
    return shifted - zone_offset(zone, guess);
}
