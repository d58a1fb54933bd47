/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provider=prometheus: an instant query, or one over a range of time. */
#include "provider/prometheus.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/text.h"
#include "common/timespan.h"
#include "provider/http.h"
#include "provider/prometheus-answer.h"
#include "provider/secret.h"
#include "spec/place.h"

#define URL_SIZE_MAX 2048
#define FORM_SIZE_MAX ((size_t)256 * 1024)
#define RANGE_POINTS_MAX 11000 /* Prometheus' own bound, of each series */

struct prometheus_settings {
    const char *address, *query;
    usec_t range, step; /* 0: an instant query */
    struct http_settings http;
};

static const struct setting_row rows[] = {
    {"Address", setting_url, offsetof(struct prometheus_settings, address), false, "http://127.0.0.1:9090"},
    {"Query", setting_text, offsetof(struct prometheus_settings, query), true, NULL},
    {"RangeSec", setting_span, offsetof(struct prometheus_settings, range), false, NULL},
    {"RangeStepSec", setting_span, offsetof(struct prometheus_settings, step), false, NULL},
    HTTP_SETTINGS(struct prometheus_settings, "30s"),
};

static int check_range(const struct prometheus_settings *settings, const struct metric_spec *metric,
                       struct error *err) {
    const struct setting *range = settings_find(metric, "RangeSec"), *step = settings_find(metric, "RangeStepSec");
    if (range && !step)
        return error_at(err, range->file, range->line, "RangeSec= needs RangeStepSec=");
    if (step && !range)
        return error_at(err, step->file, step->line, "RangeStepSec= needs RangeSec=");
    if (settings->step > 0 && settings->range / settings->step >= RANGE_POINTS_MAX)
        return error_at(err, step->file, step->line, "RangeStepSec=: a point each %s of %s is more than %d points",
                        FORMAT_TIMESPAN(settings->step), FORMAT_TIMESPAN(settings->range), RANGE_POINTS_MAX);
    return 0;
}

static int read_settings(const struct metric_spec *metric, bool expanded, struct prometheus_settings *settings,
                         struct error *err) {
    *settings = (struct prometheus_settings){0};
    int r = settings_read(rows, ELEMENTS(rows), metric, expanded, settings, err);
    if (r < 0)
        return r;
    if (settings->address && strpbrk(settings->address, "?#")) {
        const struct setting *setting = settings_find(metric, "Address");
        return error_at(err, setting->file, setting->line,
                        "Address=: expected no \"?\" or \"#\", as in http://HOST:PORT/PATH");
    }
    r = check_range(settings, metric, err);
    return r < 0 ? r : http_settings_check(&settings->http, metric, err);
}

static int check(const struct metric_spec *metric, struct error *err) {
    struct prometheus_settings settings;
    return read_settings(metric, false, &settings, err);
}

static void answered(struct provider_host *host, uint64_t token, const struct http_reply *reply) {
    if (reply->failure) {
        provider_host_answer(host, token, ANSWER_ERROR, NULL, reply->failure);
        return;
    }
    _cleanup_free_ char *value = NULL, *warning = NULL;
    struct error why = {0};
    int r = prometheus_answer(reply->body, reply->len, &value, &warning, &why);
    if (reply->status / 100 == 2 || r == -EREMOTEIO) {
        provider_host_answer(host, token, r < 0 ? ANSWER_ERROR : ANSWER_VALUE, value, r < 0 ? why.text : warning);
        return;
    }
    char sentence[256];
    provider_host_answer(host, token, ANSWER_ERROR, NULL, http_describe_status(reply, sentence, sizeof(sentence)));
}

static int put_seconds(struct buffer *form, const char *key, usec_t time) {
    return buffer_printf(form, "%s=%" PRIi64 ".%03" PRIi64 "&", key, time / USEC_PER_SEC,
                         time % USEC_PER_SEC / USEC_PER_MSEC);
}

/* As a form, because queries may be longer than what a URL may have. */
static int make_form(const struct prometheus_settings *settings, struct buffer *form) {
    char *escaped = curl_easy_escape(NULL, settings->query, 0);
    if (!escaped)
        return -ENOMEM;
    if (settings->range > 0) {
        struct timespec now;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        usec_t end = now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
        (void)put_seconds(form, "start", end - settings->range);
        (void)put_seconds(form, "end", end);
        (void)put_seconds(form, "step", settings->step);
    }
    (void)buffer_printf(form, "query=%s", escaped);
    curl_free(escaped);
    return form->error;
}

static int ask(struct provider_host *host, const struct metric_spec *metric, const struct subject *subject,
               uint64_t token, struct error *err) {
    _cleanup_conceal_ struct metric_spec revealed = {0};
    struct prometheus_settings settings;
    int r = metric_reveal(rows, ELEMENTS(rows), metric, &revealed, err);
    if (r == 0)
        r = read_settings(&revealed, true, &settings, err);
    if (r < 0)
        return r;

    size_t len = strlen(settings.address);
    while (len > 0 && settings.address[len - 1] == '/')
        len--;
    _cleanup_buffer_ struct buffer url = BUFFER(URL_SIZE_MAX), form = BUFFER(FORM_SIZE_MAX);
    (void)buffer_append(&url, settings.address, len);
    r = buffer_puts(&url, settings.range > 0 ? "/api/v1/query_range" : "/api/v1/query");
    if (r == 0)
        r = make_form(&settings, &form);
    if (r < 0)
        return error_set(err, r, "cannot ask Prometheus: address or query is too long, or no memory is left");

    return http_ask(host,
                    &(struct http_request){.url = buffer_text(&url),
                                           .method = "POST",
                                           .body = buffer_text(&form),
                                           .content_type = "application/x-www-form-urlencoded",
                                           .settings = &settings.http},
                    answered, token, err);
}

const struct provider prometheus_provider = {.name = "prometheus", .check = check, .ask = ask};
