/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host around an app: are its units there, and may the agent drive them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "common/time.h"
#include "ctl/lint.h"
#include "ctl/permit.h"

#define BUS_TIMEOUT (5 * USEC_PER_SEC)
#define SYSTEMD "org.freedesktop.systemd1"

static void bus_cleanup(sd_bus **bus) {
    *bus = sd_bus_flush_close_unref(*bus);
}

struct host {
    const struct spec *spec;
    struct findings *findings;
    sd_bus *bus;
};

/* ---------------------------------------------------------------- units */

static char *get_text(sd_bus *bus, const char *path, const char *kind, const char *property) {
    char interface[64], *text = NULL;
    (void)snprintf(interface, sizeof interface, SYSTEMD ".%s", kind);
    if (sd_bus_get_property_string(bus, SYSTEMD, path, interface, property, NULL, &text) < 0)
        return NULL;
    return text;
}

/* Where systemd shows the unit, read from disk if need be. The caller frees it. */
static char *load_unit(sd_bus *bus, const char *unit) {
    sd_bus_message *reply = NULL;
    const char *path = NULL;
    char *copy = NULL;
    if (sd_bus_call_method(bus, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager", "LoadUnit", NULL, &reply, "s",
                           unit) >= 0 &&
        sd_bus_message_read(reply, "o", &path) >= 0)
        copy = strdup(path);
    (void)sd_bus_message_unref(reply);
    return copy;
}

/* A template that isn't there is more than a lack where it is permitted: on newer systemd the agent's user could make
 * a transient unit of that name, and that would run as root. */
static void say_missing(const struct host *host, const char *template, const char *place, const char *what,
                        const char *state) {
    if (strcmp(state, "masked") == 0)
        findings_add(host->findings, SEVERITY_ERROR, place, "the unit of %s is masked: systemctl unmask %s", what,
                     template);
    else if (strcmp(state, "not-found") == 0)
        findings_add(host->findings, SEVERITY_ERROR, place,
                     "the unit of %s is not there, while the agent may start it: write /etc/systemd/system/%s, then "
                     "systemctl daemon-reload",
                     what, template);
    else
        findings_add(host->findings, SEVERITY_ERROR, place,
                     "the unit of %s cannot be used (%s): see systemctl status %s", what, state, template);
}

/* Checks the unit of a template that was written at PLACE. Its Type= if it is wanted. */
static enum says_ready check_unit_at(const struct host *host, const char *template, const char *place,
                                     const char *what) {
    char unit[UNIT_NAME_MAX + 16];
    const char *at = strstr(template, "@.");
    if (at)
        (void)snprintf(unit, sizeof unit, "%.*sblue-1%s", (int)(at + 1 - template), template, at + 1);
    else
        (void)snprintf(unit, sizeof unit, "%s", template);
    _cleanup_free_ char *path = load_unit(host->bus, unit);
    _cleanup_free_ char *state = path ? get_text(host->bus, path, "Unit", "LoadState") : NULL;
    if (!state) {
        findings_add(host->findings, SEVERITY_WARNING, place, "systemd does not tell of the unit of %s", what);
        return SAYS_READY_UNKNOWN;
    }
    if (strcmp(state, "loaded") != 0) {
        say_missing(host, template, place, what, state);
        return SAYS_READY_UNKNOWN;
    }
    _cleanup_free_ char *type = get_text(host->bus, path, "Service", "Type");
    return !type ? SAYS_READY_UNKNOWN : strncmp(type, "notify", strlen("notify")) == 0 ? SAYS_READY_YES : SAYS_READY_NO;
}

static enum says_ready check_unit(const struct host *host, const char *template, const char *what) {
    return check_unit_at(host, template, template, what);
}

/* Unit= of a section with a name, where it has one. */
static void check_setting(const struct host *host, const struct setting *settings, size_t n, const char *kind,
                          const char *name) {
    for (size_t i = 0; i < n; i++) {
        char what[METRIC_NAME_MAX + 16], place[PATH_MAX];
        if (strcmp(settings[i].key, "Unit") != 0)
            continue;
        (void)snprintf(what, sizeof what, "[%s %s]", kind, name);
        (void)snprintf(place, sizeof place, "%s:%d", settings[i].file, settings[i].line);
        (void)check_unit_at(host, settings[i].value, place, what);
    }
}

static void check_parties(const struct host *host, const struct party_spec *parties, size_t n, const char *kind) {
    for (size_t i = 0; i < n; i++)
        check_setting(host, parties[i].settings, parties[i].n_settings, kind, parties[i].name);
}

static void check_jobs(const struct host *host) {
    for (size_t t = 0; t < host->spec->n_templates; t++)
        for (size_t m = 0; m < host->spec->templates[t].n_metrics; m++) {
            const struct metric_spec *metric = &host->spec->templates[t].metrics[m];
            if (strcmp(metric->provider, "job") == 0)
                check_setting(host, metric->settings, metric->n_settings, "Metric", metric->name);
        }
}

static enum says_ready check_units(struct host *host) {
    _cleanup_(bus_cleanup) sd_bus *bus = NULL;
    int r = sd_bus_open_system(&bus);
    if (r >= 0)
        r = sd_bus_set_method_call_timeout(bus, (uint64_t)BUS_TIMEOUT);
    if (r < 0) {
        findings_add(host->findings, SEVERITY_WARNING, host->spec->unit,
                     "systemd cannot be asked whether the units are there: %s", strerror(-r));
        return SAYS_READY_UNKNOWN;
    }
    host->bus = bus;
    enum says_ready says_ready = check_unit(host, host->spec->unit, "Unit=");
    if (*host->spec->prepare)
        (void)check_unit(host, host->spec->prepare, "Prepare=");
    check_jobs(host);
    check_parties(host, host->spec->hooks, host->spec->n_hooks, "Hook");
    check_parties(host, host->spec->notifies, host->spec->n_notifies, "Notify");
    return says_ready;
}

/* ---------------------------------------------------------------- the rest */

static void check_rule(const struct host *host) {
    char path[PATH_MAX];
    _cleanup_free_ char *expected = NULL, *found = NULL;
    permit_path(host->spec->app, path);
    int r = file_read(path, RULE_MAX, &found, NULL, NULL);
    if (permit_rule(host->spec, found, &expected, NULL) < 0)
        return; /* said for its unit */
    if (r == -EACCES)
        findings_add(host->findings, SEVERITY_WARNING, path, "only root can see whether the agent may drive its units");
    else if (r < 0)
        findings_add(host->findings, SEVERITY_WARNING, path,
                     "the agent may not drive its units yet: start rollout@%s, or run rolloutctl permit %s",
                     host->spec->app, host->spec->app);
    else if (strcmp(found, expected) != 0)
        findings_add(host->findings, SEVERITY_WARNING, path,
                     "it permits other units than the configuration names: systemctl reload rollout@%s",
                     host->spec->app);
}

static void check_release(const struct host *host) {
    const char *pattern = host->spec->release, *version = pattern ? strstr(pattern, "%v") : NULL;
    char folder[PATH_MAX];
    struct stat found;
    if (!pattern)
        return;
    if (!version) {
        findings_add(host->findings, SEVERITY_WARNING, NULL,
                     "Release=%s is one folder for all versions: expected %%v in it, for the version", pattern);
        return;
    }
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(version - pattern), pattern);
    *strrchr(folder, '/') = '\0'; /* Release= is absolute */
    if (*folder && (stat(folder, &found) < 0 || !S_ISDIR(found.st_mode)))
        findings_add(host->findings, SEVERITY_WARNING, folder,
                     "Release= has no folder yet: a version is expected as %s", pattern);
}

enum says_ready lint_host(const struct spec *spec, struct findings *findings) {
    struct host host = {.spec = spec, .findings = findings};
    enum says_ready says_ready = check_units(&host);
    check_rule(&host);
    check_release(&host);
    return says_ready;
}
