/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "draw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    enum site_class class;
    const char *name;
} sites[SITES_N] = {
#define X(name, class, text) {SITE_##class, text},
    SITES(X)
#undef X
};

/* splitmix64 */
static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* How many of a seed's faults are enabled: none in one of 16, all in one of 16, else one of 2, 4, 8 or 16. */
static bool fault_enabled(uint64_t seed, size_t site) {
    uint64_t how = mix(seed * 2 + 1);
    uint64_t chance = mix(mix(seed) ^ ((uint64_t)site * 0x51ed27f1u)) >> 8;
    switch (how % 16) {
    case 0:
        return false;
    case 1:
        return true;
    default:
        return chance % (2u << (how / 16 % 4)) == 0;
    }
}

static bool site_enabled(uint64_t seed, enum weather weather, size_t site) {
    if (sites[site].class == SITE_PLAN)
        return weather == WEATHER_ANY || (site != AT_VERB && site != AT_WINDOWS && site != AT_BACKGROUND &&
                                          site != AT_DEADLINE_ABORT && site != AT_HOOK_ROLLBACK);
    switch (weather) {
    case WEATHER_ANY:
        return fault_enabled(seed, site);
    case WEATHER_KILLS:
        return site == AT_KILL || site == AT_KILL_AT || site == AT_RETURN_TIME;
    case WEATHER_CALM:
        return false;
    }
    return false;
}

void draws_begin(struct draws *draws, uint64_t seed, enum weather weather, const struct script *script,
                 struct script *record, const usec_t *now) {
    memset(draws, 0, sizeof *draws);
    draws->seed = mix(seed);
    draws->weather = weather;
    draws->script = script;
    draws->record = record;
    draws->now = now;
    for (size_t site = 0; site < SITES_N; site++) {
        draws->enabled[site] = script || site_enabled(seed, weather, site);
        while (script && draws->at[site] < script->n && script->draws[draws->at[site]].site < site)
            draws->at[site]++;
    }
}

void draws_end_faults(struct draws *draws) {
    for (size_t site = 0; site < SITES_N; site++)
        if (sites[site].class == SITE_FAULT)
            draws->enabled[site] = false;
}

static uint32_t scripted(struct draws *draws, enum site site, uint32_t nth) {
    const struct script *script = draws->script;
    size_t *at = &draws->at[site];
    while (*at < script->n && script->draws[*at].site == site && script->draws[*at].nth < nth)
        ++*at;
    if (*at < script->n && script->draws[*at].site == site && script->draws[*at].nth == nth)
        return script->draws[*at].value;
    return 0;
}

static uint32_t keep(struct draws *draws, enum site site, uint32_t nth, uint32_t value) {
    if (value && draws->record)
        script_add(draws->record, (struct drawn){.site = site, .nth = nth, .value = value, .when = *draws->now});
    return value;
}

static uint64_t bits(const struct draws *draws, enum site site, uint32_t nth) {
    return mix(draws->seed ^ ((uint64_t)site << 48) ^ ((uint64_t)nth << 8));
}

uint32_t draw_rare(struct draws *draws, enum site site, uint32_t permille, uint32_t n) {
    if (!draws->enabled[site])
        return 0;
    uint32_t nth = draws->nth[site]++;
    if (draws->script) {
        uint32_t value = scripted(draws, site, nth);
        return keep(draws, site, nth, value > n ? n : value);
    }
    uint64_t random = bits(draws, site, nth);
    if (random % 1000 >= permille)
        return 0;
    return keep(draws, site, nth, 1 + (uint32_t)(random / 1000 % n));
}

uint32_t draw(struct draws *draws, enum site site, uint32_t n) {
    return n < 2 ? 0 : draw_rare(draws, site, 1000 - 1000 / n, n - 1);
}

const char *site_name(enum site site) {
    return sites[site].name;
}

int site_from_name(const char *name, enum site *ret) {
    for (size_t site = 0; site < SITES_N; site++)
        if (strcmp(name, sites[site].name) == 0) {
            *ret = (enum site)site;
            return 0;
        }
    return -EINVAL;
}

void script_add(struct script *script, struct drawn drawn) {
    if (script->n == script->room) {
        script->room = script->room ? 2 * script->room : 256;
        script->draws = realloc(script->draws, script->room * sizeof *script->draws);
        if (!script->draws)
            abort();
    }
    script->draws[script->n++] = drawn;
}

static int compare(const void *left, const void *right) {
    const struct drawn *a = left, *b = right;
    if (a->site != b->site)
        return a->site < b->site ? -1 : 1;
    return a->nth < b->nth ? -1 : a->nth > b->nth;
}

void script_sort(struct script *script) {
    if (script->n)
        qsort(script->draws, script->n, sizeof *script->draws, compare);
}
