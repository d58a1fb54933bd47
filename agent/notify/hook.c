/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/hook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "provider/http.h"
#include "provider/job.h"

struct url_settings {
    const char *url;
    const char *at, *retries, *interval; /* the core's */
    struct http_settings http;
};

#define OURS(type)                                                         \
    {"At", setting_text, offsetof(type, at), true, NULL},                  \
        {"Retries", setting_text, offsetof(type, retries), false, NULL}, { \
        "IntervalSec", setting_text, offsetof(type, interval), false, NULL \
    }

static const struct setting_row url_rows[] = {
    {"URL", setting_url, offsetof(struct url_settings, url), true, NULL},
    OURS(struct url_settings),
    HTTP_SETTINGS(struct url_settings, "10s"),
};

/* The hook as a metric, which is what settings are read of. */
static struct metric_spec as_metric(const struct party_spec *hook) {
    struct metric_spec metric = {
        .settings = hook->settings, .n_settings = hook->n_settings, .file = hook->file, .line = hook->line};
    (void)string_copy(metric.name, sizeof metric.name, hook->name);
    (void)string_copy(metric.provider, sizeof metric.provider, "hook");
    return metric;
}

static bool runs_unit(const struct metric_spec *metric) {
    return settings_find(metric, "Unit");
}

/* For a unit only what a job knows: which unit, and how long. */
static size_t job_settings(const struct metric_spec *metric, struct setting *ret) {
    size_t n = 0;
    for (size_t i = 0; i < metric->n_settings; i++)
        if (STR_IN_SET(metric->settings[i].key, "Unit", "TimeoutSec"))
            ret[n++] = metric->settings[i];
    return n;
}

static int with_job(const struct party_spec *hook, const struct subject *subject, struct provider_host *host,
                    uint64_t token, struct error *err) {
    struct metric_spec metric = as_metric(hook);
    _cleanup_free_ struct setting *settings = calloc(hook->n_settings + 1, sizeof *settings);
    if (!settings)
        return error_set(err, -ENOMEM, "cannot run a hook: no memory");
    metric.n_settings = job_settings(&metric, settings);
    metric.settings = settings;
    return host ? job_provider.ask(host, &metric, subject, token, err) : job_provider.check(&metric, err);
}

static int read_url(const struct metric_spec *metric, struct url_settings *settings, struct error *err) {
    *settings = (struct url_settings){0};
    int r = settings_read(url_rows, ELEMENTS(url_rows), metric, true, settings, err);
    return r < 0 ? r : http_settings_check(&settings->http, metric, err);
}

int hook_check(const struct party_spec *hook, struct error *err) {
    const struct metric_spec metric = as_metric(hook);
    struct url_settings settings;
    return runs_unit(&metric) ? with_job(hook, NULL, NULL, 0, err) : read_url(&metric, &settings, err);
}

static void answered(struct provider_host *host, uint64_t token, const struct http_reply *reply) {
    char sentence[256];
    if (reply->failure)
        provider_host_answer(host, token, ANSWER_ERROR, NULL, reply->failure);
    else if (reply->status / 100 != 2)
        provider_host_answer(host, token, ANSWER_FAILED, NULL, http_describe_status(reply, sentence, sizeof sentence));
    else
        provider_host_answer(host, token, ANSWER_SUCCESSFUL, NULL, NULL);
}

int hook_ask(struct provider_host *host, const struct party_spec *hook, const struct subject *subject, const char *body,
             uint64_t token, struct error *err) {
    const struct metric_spec metric = as_metric(hook);
    struct url_settings settings;
    if (runs_unit(&metric))
        return with_job(hook, subject, host, token, err);
    int r = read_url(&metric, &settings, err);
    if (r < 0)
        return r;
    const struct http_request request = {.url = settings.url,
                                         .method = "POST",
                                         .body = body,
                                         .content_type = "application/json",
                                         .settings = &settings.http};
    return http_ask(host, &request, answered, token, err);
}
