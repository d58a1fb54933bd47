/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/haproxy-routes.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/text.h"
#include "spec/route.h"

/* More than we ever write: what somebody else has put there is not taken out one by one. */
#define CHANGES_MAX 256

/* Behind a cookie's whole value: the next cookie, or the end of the line. */
#define COOKIE_ENDS "\\x20*(?:\\x3b.*)?\\r?$"

void haproxy_routes_load(const struct spec *spec, struct haproxy_routes *ret) {
    memset(ret, 0, sizeof *ret);
    (void)string_copy(ret->preview, sizeof ret->preview, spec->haproxy.preview_backend);
    (void)string_copy(ret->cookie, sizeof ret->cookie, spec->session_cookie);
    ret->max_age = spec->session_cookie_max_age;
    ret->n_steps = spec->n_steps;
    memcpy(ret->steps, spec->steps, spec->n_steps * sizeof spec->steps[0]);
}

/* ---------------------------------------------------------------- the text of a set */

/* A name that is looked for as it is. */
static void put_name(struct buffer *text, const char *name, bool lower) {
    for (; *name; name++)
        buffer_printf(text, "%s%c", *name == '.' ? "\\" : "", lower ? tolower((unsigned char)*name) : *name);
}

/* HAProxy hands headers over as lines "name: value\r\n", with lower-case names. */
static void begin_header(struct buffer *text, const char *name) {
    buffer_puts(text, "(?m)^");
    put_name(text, name, true);
    buffer_puts(text, ":\\x20");
}

/* Cookies are "a=1; b=2", in one line or several. */
static void begin_cookie(struct buffer *text, const char *name) {
    buffer_puts(text, "(?m)^cookie:(?:.*\\x3b|)\\x20*");
    put_name(text, name, false);
    buffer_puts(text, "=");
}

static int put_step(struct buffer *text, const struct step *step, const char *preview) {
    bool cookie = step->kind == STEP_SET_COOKIE_ROUTE;
    if (cookie)
        begin_cookie(text, step->route.field);
    else
        begin_header(text, step->route.field);
    int r = route_pattern(step, text);
    if (r < 0)
        return r;
    if (step->route.match != ROUTE_PREFIX)
        buffer_puts(text, cookie ? COOKIE_ENDS : "\\r?$");
    return buffer_printf(text, " %s\n", preview);
}

/* Who has the cookie goes to the new revision, whose servers give it to those that come by their weights. */
static void put_session(struct buffer *text, const struct haproxy_routes *routes, const struct haproxy_names *names,
                        const struct route_set *set) {
    begin_cookie(text, routes->cookie);
    buffer_printf(text, "%u-%u" COOKIE_ENDS " %s\n^(?:", set->revision, set->attempt, routes->preview);
    for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
        buffer_puts(text, number > 0 ? "|" : "");
        put_name(text, names->servers[set->color][number], false);
    }
    buffer_printf(text, ")$ %s=%u-%u;Path=/;Max-Age=%" PRId64 "\n", routes->cookie, set->revision, set->attempt,
                  routes->max_age / USEC_PER_SEC);
}

int haproxy_routes_text(const struct haproxy_routes *routes, const struct haproxy_names *names,
                        const struct route_set *set, struct buffer *text) {
    uint32_t steps = set->steps < routes->n_steps ? set->steps : routes->n_steps;
    if (set->revision == 0 || set->color >= COLORS)
        return 0;
    for (uint32_t i = 0; i < steps; i++) {
        int r = spec_route_counts(routes->steps, steps, i) ? put_step(text, &routes->steps[i], routes->preview) : 0;
        if (r < 0)
            return r;
    }
    if (*routes->cookie)
        put_session(text, routes, names, set);
    return text->error;
}

/* ---------------------------------------------------------------- as HAProxy shows it */

/* Its lines begin with an address: "0x55d0 KEY VALUE". */
bool haproxy_map_read(char *reply) {
    char *to = reply;
    if (*reply && strncmp(reply, "0x", 2) != 0)
        return false;
    while (*reply) {
        char *line = reply + strcspn(reply, " \n");
        line += *line == ' ';
        size_t len = strcspn(line, "\n");
        reply = line + len + (line[len] == '\n');
        memmove(to, line, len);
        to += len;
        *to++ = '\n'; /* in place of the address */
    }
    *to = '\0';
    return true;
}

/* ---------------------------------------------------------------- changes */

static bool line_next(const char **text, struct haproxy_map_change *line) {
    *text += strspn(*text, "\n");
    line->line = *text;
    line->len = strcspn(*text, "\n");
    line->key = strcspn(*text, " \n");
    *text += line->len;
    return line->len > 0;
}

static bool same_key(const struct haproxy_map_change *a, const struct haproxy_map_change *b) {
    return a->key == b->key && memcmp(a->line, b->line, a->key) == 0;
}

static bool has_line(const char *text, const struct haproxy_map_change *sought) {
    struct haproxy_map_change line;
    while (line_next(&text, &line))
        if (line.len == sought->len && memcmp(line.line, sought->line, line.len) == 0)
            return true;
    return false;
}

static bool has_key(const char *text, const struct haproxy_map_change *sought) {
    struct haproxy_map_change line;
    while (line_next(&text, &line))
        if (same_key(&line, sought))
            return true;
    return false;
}

static bool has_all(const char *text, const char *of) {
    struct haproxy_map_change line;
    while (line_next(&of, &line))
        if (!has_line(text, &line))
            return false;
    return true;
}

bool haproxy_map_equal(const char *a, const char *b) {
    return has_all(a, b) && has_all(b, a);
}

struct changes {
    struct haproxy_map_change *list;
    size_t n, max;
};

static void change(struct changes *changes, const struct haproxy_map_change *line, bool add) {
    if (changes->n == changes->max)
        return;
    changes->list[changes->n] = *line;
    changes->list[changes->n++].add = add;
}

static bool was_taken_out(const struct changes *changes, const struct haproxy_map_change *line) {
    for (size_t i = 0; i < changes->n; i++)
        if (!changes->list[i].add && same_key(&changes->list[i], line))
            return true;
    return false;
}

/* A key goes with all its entries. Those whose key is wanted with another value go first. */
static void take_out(struct changes *changes, const char *seen, const char *wanted, bool key_is_wanted) {
    struct haproxy_map_change line;
    while (line_next(&seen, &line))
        if (!has_line(wanted, &line) && has_key(wanted, &line) == key_is_wanted && !was_taken_out(changes, &line))
            change(changes, &line, false);
}

size_t haproxy_map_changes(const char *seen, const char *wanted, struct haproxy_map_change *ret, size_t max) {
    struct changes changes = {.list = ret, .max = max};
    struct haproxy_map_change line;
    take_out(&changes, seen, wanted, true);
    for (const char *at = wanted; line_next(&at, &line);)
        if (!has_line(seen, &line) || was_taken_out(&changes, &line))
            change(&changes, &line, true);
    take_out(&changes, seen, wanted, false);
    return changes.n;
}

/* The command line takes a backslash for the beginning of an escape, and a semicolon for the end of a command. */
static void put_word(struct buffer *text, const char *word, size_t len) {
    for (size_t i = 0; i < len; i++)
        buffer_printf(text, "%s%c", strchr("\\; ", word[i]) ? "\\" : "", word[i]);
}

static void put_change(struct buffer *text, const char *map, const struct haproxy_map_change *change) {
    buffer_printf(text, "%s map %s ", change->add ? "add" : "del", map);
    put_word(text, change->line, change->key);
    if (change->add && change->key < change->len) {
        buffer_puts(text, " ");
        put_word(text, change->line + change->key + 1, change->len - change->key - 1);
    }
    buffer_puts(text, "\n");
}

/* HAProxy takes what begins with # for an entry's number, and what is behind a blank for no part of the key. */
static bool can_be_deleted(const struct haproxy_map_change *change) {
    size_t words = 1;
    for (size_t i = 0; i < change->len; i++)
        words += change->line[i] == ' ';
    return *change->line != '#' && words <= 2;
}

int haproxy_map_commands(const char *map, const char *seen, const char *wanted, struct buffer *text) {
    struct haproxy_map_change changes[CHANGES_MAX];
    size_t n = haproxy_map_changes(seen, wanted, changes, CHANGES_MAX);
    bool nameless = n == CHANGES_MAX;
    for (size_t i = 0; i < n; i++)
        nameless = nameless || (!changes[i].add && !can_be_deleted(&changes[i]));
    if (nameless) {
        buffer_printf(text, "clear map %s\n", map);
        n = haproxy_map_changes("", wanted, changes, CHANGES_MAX);
    }
    for (size_t i = 0; i < n; i++)
        put_change(text, map, &changes[i]);
    return text->error;
}
