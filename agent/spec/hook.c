/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/hook.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "common/timespan.h"
#include "spec/place.h"

DEFINE_STRING_TABLE(hook_moment,
                    enum hook_moment, [HOOK_CONFIRM_ROLLOUT] = "confirm-rollout", [HOOK_PRE_ROLLOUT] = "pre-rollout",
                    [HOOK_ROLLOUT] = "rollout", [HOOK_CONFIRM_TRAFFIC_INCREASE] = "confirm-traffic-increase",
                    [HOOK_CONFIRM_PROMOTION] = "confirm-promotion", [HOOK_POST_ROLLOUT] = "post-rollout",
                    [HOOK_ROLLBACK] = "rollback", [HOOK_EVENT] = "event")

static const char *value_of(const struct party_spec *hook, const char *key) {
    const char *value = NULL;
    for (size_t i = 0; i < hook->n_settings; i++)
        if (strcmp(hook->settings[i].key, key) == 0)
            value = hook->settings[i].value;
    return value;
}

static uint32_t moments_of(const char *words) {
    uint32_t moments = 0;
    char word[64];
    size_t len;
    for (; *words != '\0'; words += len, words += strspn(words, " \t")) {
        len = strcspn(words, " \t");
        (void)string_copy(word, len + 1 < sizeof word ? len + 1 : sizeof word, words);
        enum hook_moment moment;
        if (hook_moment_from_string(word, &moment) >= 0)
            moments |= 1u << moment;
    }
    return moments;
}

int hook_read(struct party_spec *hook, struct error *err) {
    const char *at = value_of(hook, "At"), *retries = value_of(hook, "Retries"), *every = value_of(hook, "IntervalSec");
    bool url = value_of(hook, "URL"), unit = value_of(hook, "Unit");

    if (!at)
        return error_at(err, hook->file, hook->line, "[Hook %s] has no At=, expected when it is asked", hook->name);
    if (url == unit)
        return error_at(err, hook->file, hook->line, "[Hook %s] has %s, expected either URL= or Unit=", hook->name,
                        url ? "URL= and Unit=" : "neither URL= nor Unit=");
    hook->moments = moments_of(at);
    hook->retries = 0;
    hook->interval = 10 * USEC_PER_SEC;
    if (retries)
        (void)text_to_u32(retries, &hook->retries);
    return every ? timespan_parse(every, &hook->interval, err) : 0;
}

/* Some question of the one may be open while one of the other is; at steps one waits for the other. */
static bool may_run_at_once(const struct party_spec *a, const struct party_spec *b) {
    const uint32_t rollback = 1u << HOOK_ROLLBACK, told = 1u << HOOK_POST_ROLLOUT | 1u << HOOK_EVENT;
    uint32_t both = a->moments | b->moments;
    bool steps = both & ~(rollback | told);
    return a != b ? both & (rollback | told) : steps + !!(both & rollback) + !!(both & told) > 1;
}

int hooks_check(const struct party_spec *hooks, size_t n, struct error *err) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k <= i; k++) {
            const char *unit = value_of(&hooks[i], "Unit"), *other = value_of(&hooks[k], "Unit");
            if (unit && other && strcmp(unit, other) == 0 && may_run_at_once(&hooks[i], &hooks[k]))
                return error_at(err, hooks[i].file, hooks[i].line,
                                "[Hook %s] may need Unit=%s while it still runs for another moment%s%s, and it runs "
                                "once at a time: expected a unit for each",
                                hooks[i].name, unit, i == k ? "" : " of ", i == k ? "" : hooks[k].name);
        }
    return 0;
}
