/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance/sentence.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "common/timespan.h"

/* A text of the tables: %V is the verb ("start"), %P its participle ("started"), %U the unit. */
struct wording {
    const char *word;
    int code;
    const char *text;
};

/* job_result_table of systemd's job.c; `done` and `failed` depend on what the unit is then. */
static const struct wording job_results[] = {
    {"canceled", -ECANCELED, "the %V job was canceled: another job, or somebody, wanted something else of the unit"},
    {"timeout", -ETIMEDOUT, "the %V job timed out"},
    {"dependency", -EIO, "was not %P: a unit that it depends on failed; see `systemctl list-dependencies --all %U`"},
    {"skipped", -ECANCELED, "was not %P: its ExecCondition= does not hold"},
    {"invalid", -EINVAL, "the %V job does not fit the state of the unit"},
    {"assert", -EINVAL, "was not %P: an Assert...= of its unit file does not hold; see `systemctl status %U`"},
    {"unsupported", -EOPNOTSUPP, "was not %P: this machine does not support that type of unit"},
    {"collected", -ECANCELED, "the %V job ended with the unit being unloaded"},
    {"once", -EALREADY, "was not %P: it can be started only once per boot"},
    {"concurrency", -EAGAIN, "was not %P: its slice has reached its limit of units (ConcurrencyHardMax=)"},
    {"frozen", -EBUSY, "was not %P: it is frozen; run `systemctl thaw %U`"},
};

#define ERROR_DBUS "org.freedesktop.DBus.Error."
#define ERROR_SYSTEMD "org.freedesktop.systemd1."

static const char lost[] = "the connection to systemd was lost before it was %P";

static const struct wording refusals[] = {
    {ERROR_SYSTEMD "NoSuchUnit", -ENOENT, "was not %P: there is no unit file for it"},
    {ERROR_SYSTEMD "UnitMasked", -ESHUTDOWN, "was not %P: it is masked; run `systemctl unmask %U`"},
    {ERROR_SYSTEMD "BadUnitSetting", -ENOEXEC, "was not %P: its unit file is bad; run `systemd-analyze verify %U`"},
    {ERROR_SYSTEMD "LoadFailed", -ENOEXEC, "was not %P: its unit file is bad; run `systemd-analyze verify %U`"},
    {ERROR_SYSTEMD "ShuttingDown", -ESHUTDOWN, "was not %P: the system is shutting down"},
    {ERROR_SYSTEMD "TransactionIsDestructive", -EBUSY,
     "was not %P: that conflicts with a job that may not be replaced"},
    {ERROR_DBUS "NoReply", -ETIMEDOUT, "systemd did not answer in time when asked to %V it"},
    {ERROR_DBUS "Timeout", -ETIMEDOUT, "systemd did not answer in time when asked to %V it"},
    {ERROR_DBUS "Disconnected", -ECONNRESET, lost},
    {ERROR_DBUS "NameHasNoOwner", -ECONNRESET, lost},
    {ERROR_DBUS "ServiceUnknown", -ECONNRESET, lost},
};

/* Appends to what RET holds; what doesn't fit is cut. */
static void append(char *ret, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void append(char *ret, size_t size, const char *format, ...) {
    size_t len = strlen(ret);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(ret + len, size - len, format, args);
    va_end(args);
}

static const char *marked(char mark, enum unit_order_kind kind, const char *unit) {
    if (mark == 'U')
        return unit;
    if (mark == 'V')
        return kind == UNIT_START ? "start" : "stop";
    return kind == UNIT_START ? "started" : "stopped";
}

/* "UNIT: TEXT", its marks replaced. */
static void put(char *ret, size_t size, const char *text, enum unit_order_kind kind, const char *unit) {
    *ret = '\0';
    append(ret, size, "%s: ", unit);
    for (const char *mark; (mark = strchr(text, '%')); text = mark + 2)
        append(ret, size, "%.*s%s", (int)(mark - text), text, marked(mark[1], kind, unit));
    append(ret, size, "%s", text);
}

static const struct wording *find(const struct wording *table, size_t n, const char *word) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(table[i].word, word) == 0)
            return &table[i];
    return NULL;
}

/* Why a unit isn't as it should be. */
static void put_end(char *ret, size_t size, const char *unit, const struct unit_properties *properties) {
    char result[48];
    unit_properties_result(properties, result, sizeof(result));
    if (strcmp(result, "timeout") == 0)
        append(ret, size, ": it took longer than its TimeoutStartSec= or TimeoutStopSec= allows");
    else if (*result)
        append(ret, size, ": %s", result);
    append(ret, size, "; see `journalctl -u %s`", unit);
}

static int done_sentence(const char *unit, enum unit_order_kind kind, const struct unit_properties *properties,
                         char *ret, size_t size) {
    enum unit_state state = unit_properties_seen(properties).state;
    if (kind == UNIT_STOP && (state == UNIT_INACTIVE || state == UNIT_FAILED)) {
        put(ret, size, "stopped", kind, unit);
        return 0;
    }
    if (kind == UNIT_STOP) {
        put(ret, size, "was stopped, but somebody has started it again", kind, unit);
        return -EBUSY;
    }
    if (state == UNIT_ACTIVE) {
        put(ret, size, "started", kind, unit);
        return 0;
    }
    if (state == UNIT_INACTIVE && properties->condition_at > 0 && !properties->condition_result) {
        put(ret, size, "was not started: a Condition...= of its unit file does not hold; see `systemctl status %U`",
            kind, unit);
        return -ECANCELED;
    }
    put(ret, size, "was started, but does not run any more", kind, unit);
    put_end(ret, size, unit, properties);
    return -EIO;
}

int job_sentence(const char *unit, enum unit_order_kind kind, const char *job_result,
                 const struct unit_properties *properties, char *ret, size_t size) {
    if (strcmp(job_result, "done") == 0)
        return done_sentence(unit, kind, properties, ret, size);

    const struct wording *wording = find(job_results, ELEMENTS(job_results), job_result);
    if (wording) {
        put(ret, size, wording->text, kind, unit);
        return wording->code;
    }
    put(ret, size, "the %V job failed", kind, unit);
    if (strcmp(job_result, "failed") != 0)
        append(ret, size, " (%s)", job_result);
    put_end(ret, size, unit, properties);
    return -EIO;
}

/* What is wrong with a unit may be wrong with another one that was needed to answer: polkit's. */
static bool is_about(const char *unit, const char *name, const char *message) {
    return strncmp(name, ERROR_SYSTEMD, strlen(ERROR_SYSTEMD)) != 0 || !message || !strstr(message, ".service") ||
           strstr(message, unit);
}

int refusal_sentence(const char *unit, enum unit_order_kind kind, const char *app, const char *name,
                     const char *message, char *ret, size_t size) {
    bool about = is_about(unit, name, message);
    if (about && kind == UNIT_STOP && strcmp(name, ERROR_SYSTEMD "NoSuchUnit") == 0) {
        put(ret, size, "is not there, so nothing had to be stopped", kind, unit);
        return 0;
    }
    if (STR_IN_SET(name, ERROR_DBUS "AccessDenied", ERROR_DBUS "InteractiveAuthorizationRequired",
                   ERROR_DBUS "AuthFailed")) {
        put(ret, size, "was not %P: polkit does not allow it", kind, unit);
        append(ret, size, "; run `rolloutctl permit %s` as root", app);
        return -EACCES;
    }
    const struct wording *wording = find(refusals, ELEMENTS(refusals), name);
    if (wording && about) {
        put(ret, size, wording->text, kind, unit);
        return wording->code;
    }
    put(ret, size, "was not %P", kind, unit);
    char safe[256];
    append(ret, size, ": %s", message ? text_escape(safe, sizeof(safe), message, strlen(message)) : name);
    return -EIO;
}

int waited_sentence(const char *unit, enum unit_order_kind kind, usec_t waited, char *ret, size_t size) {
    put(ret, size, "the %V job has not ended", kind, unit);
    append(ret, size, " after %s; `systemctl list-jobs --after` says what it waits for", FORMAT_TIMESPAN(waited));
    return -ETIMEDOUT;
}
