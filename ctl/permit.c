/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/permit.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "common/text.h"
#include "common/time.h"
#include "store/file-store.h"

#define RULE_MODE 0644 /* polkitd is no root; nothing in it is secret */
#define REREAD_TIMEOUT (2 * USEC_PER_SEC)

#define POLKIT_NAME "org.freedesktop.PolicyKit1"

/* ---------------------------------------------------------------- the text */

/* Names go into JavaScript: what is let through here needs no escape but for the backslash. */
static bool unit_name_valid(const char *unit) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@";
    size_t len = strlen(unit);
    size_t suffix = strlen(".service");
    return len > suffix && len < UNIT_NAME_MAX && strspn(unit, letters) == len && unit[0] != '@' &&
           strcmp(unit + len - suffix, ".service") == 0;
}

/* One more unit, by its name or its template. */
static int put_unit(struct buffer *text, const char *unit, struct error *err) {
    if (!unit_name_valid(unit))
        return error_set(err, -EINVAL, "\"%s\" is no unit that can be permitted, expected NAME@.service", unit);

    (void)buffer_puts(text, "        \"");
    for (const char *c = unit; *c; c++)
        (void)buffer_printf(text, *c == '\\' ? "\\%c" : "%c", *c);
    return buffer_puts(text, "\",\n");
}

static const char *find_setting(const struct setting *settings, size_t n, const char *key) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(settings[i].key, key) == 0)
            return settings[i].value;
    return NULL;
}

/* The Unit= of each hook or notification that has one. */
static int put_parties(struct buffer *text, const struct party_spec *parties, size_t n, struct error *err) {
    int r = 0;
    for (size_t i = 0; i < n && r >= 0; i++) {
        const char *unit = find_setting(parties[i].settings, parties[i].n_settings, "Unit");
        if (unit)
            r = put_unit(text, unit, err);
    }
    return r;
}

/* Jobs that measure. */
static int put_jobs(struct buffer *text, const struct spec *spec, struct error *err) {
    int r = 0;
    for (size_t t = 0; t < spec->n_templates; t++)
        for (size_t m = 0; m < spec->templates[t].n_metrics && r >= 0; m++) {
            const struct metric_spec *metric = &spec->templates[t].metrics[m];
            const char *unit = find_setting(metric->settings, metric->n_settings, "Unit");
            if (strcmp(metric->provider, "job") == 0 && unit)
                r = put_unit(text, unit, err);
        }
    return r;
}

static int put_units(struct buffer *text, const struct spec *spec, struct error *err) {
    int r = put_unit(text, spec->unit, err);
    if (r >= 0 && *spec->prepare)
        r = put_unit(text, spec->prepare, err);
    if (r >= 0)
        r = put_jobs(text, spec, err);
    if (r >= 0)
        r = put_parties(text, spec->hooks, spec->n_hooks, err);
    return r < 0 ? r : put_parties(text, spec->notifies, spec->n_notifies, err);
}

/* Every name is written out or built from one, and compared as a whole. A pattern over names that somebody else chooses
 * would be root for the asking: newer systemd asks polkit about transient units with unit and verb too. */
static const char rule_begin[] =
    "// Written by `rolloutctl permit %s`; changes made here are lost.\n"
    "// Lets the user rollout start and stop this app's own units, each by its exact name.\n"
    "(function() {\n"
    "    var verbs = [\"start\", \"stop\", \"restart\", \"reset-failed\"];\n"
    "    var units = [];\n"
    "    [\n";
static const char rule_end[] =
    "    ].forEach(function(unit) {\n"
    "        if (unit.indexOf(\"@.\") < 0)\n"
    "            units.push(unit);\n"
    "        else\n"
    "            [\"blue\", \"green\"].forEach(function(color) {\n"
    "                for (var n = 1; n <= %d; n++)\n"
    "                    units.push(unit.replace(\"@.\", \"@\" + color + \"-\" + n + \".\"));\n"
    "            });\n"
    "    });\n"
    "    polkit.addRule(function(action, subject) {\n"
    "        if (action.id == \"org.freedesktop.systemd1.manage-units\" && subject.user == \"rollout\" &&\n"
    "            units.indexOf(action.lookup(\"unit\")) >= 0 && verbs.indexOf(action.lookup(\"verb\")) >= 0)\n"
    "            return polkit.Result.YES;\n"
    "    });\n"
    "})();\n";

/* Of the units of another configuration those that the rule of BEFORE has, and this one not yet. A unit is a line. */
static void keep_units(struct buffer *text, const struct spec *pinned, const char *before) {
    _cleanup_buffer_ struct buffer units = BUFFER(RULE_MAX);
    if (put_units(&units, pinned, NULL) < 0)
        return;
    char line[2 * UNIT_NAME_MAX + 16];
    for (const char *at = units.data, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        (void)snprintf(line, sizeof line, "%.*s", (int)(end + 1 - at), at);
        if (strstr(before, line) && !strstr(buffer_text(text), line))
            (void)buffer_puts(text, line);
    }
}

int permit_text(const struct spec *spec, const struct spec *pinned, const char *before, char **ret, struct error *err) {
    _cleanup_buffer_ struct buffer text = BUFFER(RULE_MAX);
    (void)buffer_printf(&text, rule_begin, spec->app);
    int r = put_units(&text, spec, err);
    if (r < 0 && text.error == 0)
        return r;
    if (pinned && before)
        keep_units(&text, pinned, before);
    (void)buffer_printf(&text, rule_end, REPLICAS_MAX);
    r = buffer_take(&text, ret, NULL);
    return r < 0 ? error_set(err, r, "the rule that permits the units of %s cannot be put together: %s", spec->app,
                             strerror(-r))
                 : 0;
}

void permit_path(const char *app, char *ret) {
    (void)snprintf(ret, PATH_MAX, "%s/50-rollout-%s.rules", ROLLOUT_POLKIT_DIR, app);
}

/* ---------------------------------------------------------------- what is under way */

/* What the agent goes by as long as nothing else is deployed; NULL when there is none, or none that can be read: then
 * it goes by its files too. */
static struct spec *load_pinned(const char *app) {
    char folder[PATH_MAX];
    struct store store;
    struct spec *spec = NULL;
    struct revision *revision = NULL;
    (void)snprintf(folder, sizeof folder, "%s/%s", ROLLOUT_STATE_DIR, app);
    if (file_store_new(folder, app, &store, NULL) < 0)
        return NULL;
    struct state *state = malloc(sizeof *state);
    if (state && store.load_state(store.self, state, NULL) >= 0 && state->rollout.revision &&
        store.load_revision(store.self, state->rollout.revision, &revision, NULL) >= 0)
        (void)spec_parse(app, revision->spec_text, "the pinned configuration", &spec, NULL);
    revision_free(revision);
    free(state);
    file_store_done(&store);
    return spec;
}

int permit_rule(const struct spec *spec, const char *before, char **ret, struct error *err) {
    struct spec *pinned = before ? load_pinned(spec->app) : NULL;
    int r = permit_text(spec, pinned, before, ret, err);
    spec_free(pinned);
    return r;
}

/* ---------------------------------------------------------------- polkit */

static int on_changed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
    *(bool *)userdata = true;
    return 0;
}

static usec_t now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * USEC_PER_SEC + time.tv_nsec / 1000;
}

/* Listens for polkit saying that its rules changed. Without a polkit that runs there is nobody to wait for: it reads
 * the rules when it starts. NULL then. */
static sd_bus *listen_to_polkit(bool *changed) {
    sd_bus *bus = NULL;
    int r = sd_bus_open_system(&bus);
    if (r >= 0)
        r = sd_bus_set_method_call_timeout(bus, (uint64_t)REREAD_TIMEOUT);
    if (r >= 0)
        r = sd_bus_get_name_creds(bus, POLKIT_NAME, 0, NULL);
    if (r >= 0)
        r = sd_bus_match_signal(bus, NULL, POLKIT_NAME, "/org/freedesktop/PolicyKit1/Authority",
                                POLKIT_NAME ".Authority", "Changed", on_changed, changed);
    return r < 0 ? sd_bus_close_unref(bus) : bus;
}

/* polkit reads its rules again by inotify and then says so. An agent that starts before would be refused once. */
static void wait_for_polkit(sd_bus *bus, const bool *changed) {
    usec_t end = now() + REREAD_TIMEOUT;
    for (usec_t left = REREAD_TIMEOUT; !*changed && left > 0; left = end - now()) {
        int r = sd_bus_process(bus, NULL);
        if (r == 0)
            r = sd_bus_wait(bus, (uint64_t)left);
        if (r < 0 && r != -EINTR)
            return;
    }
}

static bool attributes_fit(const char *path) {
    struct stat found;
    return lstat(path, &found) == 0 && (found.st_mode & 07777) == RULE_MODE && found.st_uid == 0;
}

static int write_rule(const char *path, const char *text, struct error *err) {
    bool changed = false;
    sd_bus *bus = listen_to_polkit(&changed);
    int r = file_write_atomic(path, text, strlen(text), RULE_MODE, err);
    if (r >= 0 && bus)
        wait_for_polkit(bus, &changed);
    sd_bus_close_unref(bus);
    return r;
}

int permit_app(const char *app, struct error *err) {
    if (geteuid() != 0)
        return error_set(err, -EACCES, "permit changes what a user may do on this host: run it as root");

    struct spec *spec = NULL;
    int r = spec_load(app, NULL, &spec, err);
    if (r < 0)
        return r;
    char path[PATH_MAX];
    _cleanup_free_ char *before = NULL, *text = NULL;
    permit_path(app, path);
    (void)file_read(path, RULE_MAX, &before, NULL, NULL);
    r = permit_rule(spec, before, &text, err);
    spec_free(spec);
    if (r < 0 || (before && strcmp(before, text) == 0 && attributes_fit(path)))
        return r;
    return write_rule(path, text, err);
}
