/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provider=job: starts NAME@COLOR-1, the job of the new revision's first instance, and judges how it ended. */
#include "provider/job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "core/words.h"
#include "provider/host.h"
#include "provider/job-journal.h"
#include "provider/settings.h"
#include "spec/place.h"

/* What a process writes last may reach the journal after systemd has seen its end, on a busy host long after it: where
 * nothing is found there is a second look. */
#define JOURNAL_DELAY (100 * USEC_PER_MSEC)
#define JOURNAL_SECOND_DELAY (400 * USEC_PER_MSEC)

static int setting_template(const char *value, void *field, struct error *err) {
    const char *at = strchr(value, '@');
    if (!at || at == value || strcmp(at, "@.service") != 0 || strlen(value) >= UNIT_NAME_MAX - 16)
        return error_set(err, -EINVAL, "\"%s\" is no template unit, expected NAME@.service", SHOWN(value));
    *(const char **)field = value;
    return 0;
}

struct job_settings {
    const char *unit;
    usec_t timeout;
};

static const struct setting_row rows[] = {
    {"Unit", setting_template, offsetof(struct job_settings, unit), true, NULL},
    {"TimeoutSec", setting_timeout, offsetof(struct job_settings, timeout), false, "5min"},
};

static int check(const struct metric_spec *metric, struct error *err) {
    return settings_read(rows, ELEMENTS(rows), metric, false, &(struct job_settings){0}, err);
}

struct job {
    struct pending pending; /* first: the host hands it back */
    struct provider_host *host;
    uint64_t token;
    struct oneshot *oneshot;
    char unit[UNIT_NAME_MAX];
    struct oneshot_result result;
    sd_event_source *timer; /* until the journal is read */
    bool looked;            /* into the journal, and it had nothing */
};

static struct job *job_free(struct job *job) {
    if (!job)
        return NULL;
    oneshot_free(job->oneshot);
    sd_event_source_disable_unref(job->timer);
    free(job);
    return NULL;
}

static void cleanup_job(struct job **place) {
    *place = job_free(*place);
}

static void cancel(struct pending *pending) {
    job_free((struct job *)pending);
}

/* LINES: what it wrote. */
static void answer(struct job *job, const char *lines) {
    static const enum answer_kind kinds[] = {
        [ONESHOT_DONE] = ANSWER_SUCCESSFUL, [ONESHOT_FAILED] = ANSWER_FAILED, [ONESHOT_NOT_DONE] = ANSWER_INCONCLUSIVE};
    struct provider_host *host = job->host;
    uint64_t token = job->token;
    enum answer_kind kind = kinds[job->result.end];
    char message[SENTENCE_MAX + MEASUREMENT_MESSAGE_MAX + 4];
    const char *sentence = job->result.sentence;
    (void)snprintf(message, sizeof message, "%s%s%s", sentence, *sentence && *lines ? ": " : "", lines);
    provider_host_remove(host, &job->pending);
    job_free(job);
    provider_host_answer(host, token, kind, NULL, *message ? message : NULL);
}

static bool look_again(struct job *job) {
    bool again = !job->looked && sd_event_source_set_time_relative(job->timer, (uint64_t)JOURNAL_SECOND_DELAY) >= 0 &&
                 sd_event_source_set_enabled(job->timer, SD_EVENT_ONESHOT) >= 0;
    job->looked = true;
    return again;
}

static int on_journal_due(sd_event_source *timer, uint64_t usec, void *userdata) {
    struct job *job = userdata;
    char lines[MEASUREMENT_MESSAGE_MAX];
    size_t taken = strlen(job->result.sentence) + strlen(": ");
    job_journal(job->unit, &job->result, lines, taken < sizeof lines ? sizeof lines - taken : 1);
    if (*lines || !look_again(job))
        answer(job, lines);
    return 0;
}

static void on_done(void *userdata, const struct oneshot_result *result) {
    struct job *job = userdata;
    static const struct id128 none;
    job->result = *result;
    if (memcmp(&result->invocation, &none, sizeof none) == 0 ||
        sd_event_add_time_relative(provider_host_event(job->host), &job->timer, CLOCK_MONOTONIC,
                                   (uint64_t)JOURNAL_DELAY, 0, on_journal_due, job) < 0)
        answer(job, "");
}

static int ask(struct provider_host *host, const struct metric_spec *metric, const struct subject *subject,
               uint64_t token, struct error *err) {
    _cleanup_(cleanup_job) struct job *job = calloc(1, sizeof *job);
    struct job_settings settings = {0};
    struct oneshots *oneshots;
    if (!job)
        return error_set(err, -ENOMEM, "cannot run a job: no memory");
    int r = settings_read(rows, ELEMENTS(rows), metric, true, &settings, err);
    if (r >= 0)
        r = provider_host_oneshots(host, subject->spec->app, &oneshots, err);
    if (r >= 0)
        r = provider_host_add(host, &job->pending, err);
    if (r < 0)
        return r;
    job->pending.cancel = cancel;
    job->host = host;
    job->token = token;
    (void)snprintf(job->unit, sizeof job->unit, "%.*s%s-1.service",
                   (int)(strchr(settings.unit, '@') + 1 - settings.unit), settings.unit,
                   color_to_string(subject->canary));
    r = oneshot_run(oneshots, job->unit, subject->since, settings.timeout, on_done, job, &job->oneshot, err);
    if (r < 0)
        provider_host_remove(host, &job->pending);
    else
        job = NULL; /* the host's now */
    return r;
}

const struct provider job_provider = {.name = "job", .check = check, .ask = ask};
