/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provider=prometheus: an instant query. */
#include "provider/prometheus.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/text.h"
#include "provider/http.h"
#include "provider/prometheus-answer.h"
#include "provider/secret.h"
#include "spec/place.h"

#define URL_SIZE_MAX 2048
#define FORM_SIZE_MAX ((size_t)256 * 1024)

struct prometheus_settings {
    const char *address, *query;
    struct http_settings http;
};

static const struct setting_row rows[] = {
    {"Address", setting_url, offsetof(struct prometheus_settings, address), false, "http://127.0.0.1:9090"},
    {"Query", setting_text, offsetof(struct prometheus_settings, query), true, NULL},
    HTTP_SETTINGS(struct prometheus_settings, "30s"),
};

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
    return http_settings_check(&settings->http, metric, err);
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

/* As a form, because queries may be longer than what a URL may have. */
static int make_form(const char *query, struct buffer *form) {
    char *escaped = curl_easy_escape(NULL, query, 0);
    if (!escaped)
        return -ENOMEM;
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
    r = buffer_puts(&url, "/api/v1/query");
    if (r == 0)
        r = make_form(settings.query, &form);
    if (r < 0)
        return error_set(err, r, "cannot ask Prometheus: address or query is too long, or no memory is left");

    return http_ask(host,
                    &(struct http_request){.url = buffer_text(&url),
                                           .body = buffer_text(&form),
                                           .content_type = "application/x-www-form-urlencoded",
                                           .settings = &settings.http},
                    answered, token, err);
}

const struct provider prometheus_provider = {.name = "prometheus", .check = check, .ask = ask};
