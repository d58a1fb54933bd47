/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/steps.h"

#include <errno.h>
#include <stdio.h>

#include "common/timespan.h"
#include "spec/names.h"
#include "spec/place.h"
#include "spec/route.h"

#define SPACE " \t"
#define DIGITS "0123456789"

/* Parses what follows a step's first word, which has no white space at its ends. */
typedef int (*step_parser)(const char *rest, struct step *step, struct error *err);

/* Takes the first word off *text and stops at the next one. False when there is none; -ENOSPC is a word too long. */
static int take_word(const char **text, char *word, size_t size) {
    size_t len = strcspn(*text, SPACE);

    if (len >= size)
        return -ENOSPC;
    memcpy(word, *text, len);
    word[len] = '\0';
    *text += len;
    *text += strspn(*text, SPACE);
    return len > 0;
}

int share_parse(const char *text, share_t *ret, struct error *err) {
    size_t whole = strspn(text, DIGITS), fraction = text[whole] == '.' ? strspn(text + whole + 1, DIGITS) : 0;
    size_t len = whole + (fraction > 0 ? 1 + fraction : 0);
    share_t share = 0;

    if (whole == 0 || whole > 3 || fraction > 2 || text[len] != '\0')
        return error_set(err, -EINVAL, "\"%s\" is no weight, expected 0 to 100 with up to two decimals", SHOWN(text));
    for (size_t i = 0; i < whole; i++)
        share = share * 10 + (text[i] - '0');
    for (size_t i = 0; i < 2; i++)
        share = share * 10 + (i < fraction ? text[whole + 1 + i] - '0' : 0);
    if (share > SHARE_FULL)
        return error_set(err, -EINVAL, "weight %s is more than everything, expected 0 to 100", SHOWN(text));
    *ret = share;
    return 0;
}

static int parse_set_weight(const char *rest, struct step *step, struct error *err) {
    return share_parse(rest, &step->weight, err);
}

static int parse_pause(const char *rest, struct step *step, struct error *err) {
    if (rest[0] == '\0') {
        step->duration = USEC_INFINITY;
        return 0;
    }
    return timespan_parse(rest, &step->duration, err);
}

static int parse_analysis(const char *rest, struct step *step, struct error *err) {
    int r = analysis_use_add(&step->analysis, rest, err);
    if (r >= 0 && step->analysis.n_names == 0)
        return error_set(err, -EINVAL, "analysis without a name, expected \"analysis NAME...\"");
    return r;
}

static int parse_replicas(const char *text, int32_t *ret, struct error *err) {
    size_t len = strspn(text, DIGITS);
    int32_t number = 0;

    for (size_t i = 0; i < len && number <= REPLICAS_MAX; i++)
        number = number * 10 + (text[i] - '0');
    if (len == 0 || text[len] != '\0' || number > REPLICAS_MAX)
        return error_set(err, -EINVAL, "\"%s\" is no number of replicas, expected 0 to %d", SHOWN(text), REPLICAS_MAX);
    *ret = number;
    return 0;
}

static int parse_set_canary_scale(const char *rest, struct step *step, struct error *err) {
    char word[STEP_TEXT_MAX];

    (void)take_word(&rest, word, sizeof word);
    if (strcmp(word, "replicas") == 0) {
        step->scale.kind = SCALE_REPLICAS;
        return parse_replicas(rest, &step->scale.value, err);
    }
    if (strcmp(word, "weight") == 0) {
        step->scale.kind = SCALE_WEIGHT;
        return share_parse(rest, &step->scale.value, err);
    }
    if (strcmp(word, "matchTrafficWeight") == 0 && rest[0] == '\0') {
        step->scale.kind = SCALE_MATCH_TRAFFIC_WEIGHT;
        return 0;
    }
    return error_set(err, -EINVAL,
                     "\"%s\" is no scale, expected \"replicas N\", \"weight W\" or \"matchTrafficWeight\"",
                     SHOWN(word));
}

static int parse_route(const char *rest, struct step *step, struct error *err) {
    static const char *const matches[] = {[ROUTE_EXACT] = "exact", [ROUTE_PREFIX] = "prefix", [ROUTE_REGEX] = "regex"};
    char match[STEP_TEXT_MAX];
    int r = take_word(&rest, step->route.name, sizeof step->route.name);

    if (r <= 0 || !item_name_valid(step->route.name))
        return error_set(err, -EINVAL, "a route needs a name of at most %zu letters, digits, - _ .",
                         sizeof step->route.name - 1);
    if (rest[0] == '\0') /* the route ends here */
        return 0;
    r = take_word(&rest, step->route.field, sizeof step->route.field);
    if (r < 0 || !item_name_valid(step->route.field))
        return error_set(err, -EINVAL, "route %s: bad header or cookie, expected at most %zu letters, digits, - _ .",
                         step->route.name, sizeof step->route.field - 1);
    (void)take_word(&rest, match, sizeof match);
    for (size_t i = 0; i < ELEMENTS(matches); i++)
        if (strcmp(match, matches[i]) == 0 && rest[0] != '\0') {
            step->route.match = (enum route_match)i;
            r = string_copy(step->route.value, sizeof step->route.value, rest);
            return r < 0 ? r : route_check(step, err);
        }
    return error_set(err, -EINVAL, "route %s: expected \"exact VALUE\", \"prefix VALUE\" or \"regex VALUE\" after %s",
                     step->route.name, step->route.field);
}

static const char *const step_words[] = {
    [STEP_SET_WEIGHT] = "setWeight",
    [STEP_PAUSE] = "pause",
    [STEP_ANALYSIS] = "analysis",
    [STEP_SET_CANARY_SCALE] = "setCanaryScale",
    [STEP_SET_HEADER_ROUTE] = "setHeaderRoute",
    [STEP_SET_COOKIE_ROUTE] = "setCookieRoute",
};

static const step_parser step_parsers[] = {
    [STEP_SET_WEIGHT] = parse_set_weight,  [STEP_PAUSE] = parse_pause,
    [STEP_ANALYSIS] = parse_analysis,      [STEP_SET_CANARY_SCALE] = parse_set_canary_scale,
    [STEP_SET_HEADER_ROUTE] = parse_route, [STEP_SET_COOKIE_ROUTE] = parse_route,
};

int step_parse(const char *text, struct step *ret, struct error *err) {
    struct step step;
    char word[STEP_TEXT_MAX];

    memset(&step, 0,
           sizeof step); /* whole, so that equal steps are equal bytes; = {0} may leave the union's rest as it is */
    if (string_copy(step.text, sizeof step.text, text) < 0)
        return error_set(err, -EINVAL, "a step of more than %d characters, expected a shorter one", STEP_TEXT_MAX - 1);
    (void)take_word(&text, word, sizeof word);
    for (size_t i = 0; i < ELEMENTS(step_words); i++)
        if (strcmp(word, step_words[i]) == 0) {
            step.kind = (enum step_kind)i;
            int r = step_parsers[i](text, &step, err);
            if (r < 0)
                return r;
            *ret = step;
            return 0;
        }
    if (nearest(word, step_words, ELEMENTS(step_words)))
        return error_set(err, -EINVAL, "unknown step \"%s\"%s", SHOWN(word),
                         DID_YOU_MEAN(word, step_words, ELEMENTS(step_words)));
    return error_set(err, -EINVAL, "unknown step \"%s\", expected %s", SHOWN(word),
                     ONE_OF(step_words, ELEMENTS(step_words)));
}
