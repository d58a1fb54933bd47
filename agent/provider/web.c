/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provider=web: one request, whose answer is the value. */
#include "provider/web.h"

#include <errno.h>
#include <string.h>

#include "analysis/jsonpath.h"
#include "common/cleanup.h"
#include "common/json.h"
#include "common/text.h"
#include "provider/http.h"
#include "provider/secret.h"
#include "provider/web-answer.h"
#include "spec/place.h"

struct web_settings {
    const char *url, *method, *body, *json, *path;
    struct http_settings http;
};

static int setting_method(const char *value, void *field, struct error *err) {
    if (!STR_IN_SET(value, "GET", "POST", "PUT"))
        return error_set(err, -EINVAL, "none of GET, POST and PUT");
    *(const char **)field = value;
    return 0;
}

static int setting_path(const char *value, void *field, struct error *err) {
    struct error why = {0};
    size_t column;
    int r = jsonpath_check(value, &column, &why);
    if (r < 0)
        return error_in_text(err, r, why.text, value, column);
    *(const char **)field = value;
    return 0;
}

static const struct setting_row rows[] = {
    {"URL", setting_url, offsetof(struct web_settings, url), true, NULL},
    {"Method", setting_method, offsetof(struct web_settings, method), false, "GET"},
    {"Body", setting_text, offsetof(struct web_settings, body), false, NULL},
    {"JSONPath", setting_path, offsetof(struct web_settings, path), false, NULL},
    {"JSONBody", setting_text, offsetof(struct web_settings, json), false, NULL},
    HTTP_SETTINGS(struct web_settings, "10s"),
};

/* As Argo: a GET has no body. */
static int check_body(const struct web_settings *settings, const struct metric_spec *metric, struct error *err) {
    const struct setting *body = settings_find(metric, "Body"), *json = settings_find(metric, "JSONBody");
    const struct setting *given = json ? json : body;
    if (body && json)
        return error_at(err, json->file, json->line, "Body= and JSONBody= exclude each other");
    if (given && settings->method && strcmp(settings->method, "GET") == 0)
        return error_at(err, given->file, given->line, "%s= needs Method=POST or Method=PUT", given->key);
    return 0;
}

static int read_settings(const struct metric_spec *metric, bool expanded, struct web_settings *settings,
                         struct error *err) {
    *settings = (struct web_settings){0};
    int r = settings_read(rows, ELEMENTS(rows), metric, expanded, settings, err);
    if (r == 0)
        r = check_body(settings, metric, err);
    return r < 0 ? r : http_settings_check(&settings->http, metric, err);
}

/* Not when asked: an error may quote it, and then it may hold secrets. */
static int check_json(const char *text, const struct setting *setting, struct error *err) {
    _cleanup_json_ cJSON *document = NULL;
    struct error why = {0};
    if (json_parse(text, strlen(text), &document, &why) < 0)
        return error_at(err, setting->file, setting->line, "JSONBody=: %s", why.text);
    return 0;
}

static int check(const struct metric_spec *metric, struct error *err) {
    struct web_settings settings;
    int r = read_settings(metric, false, &settings, err);
    return r < 0 || !settings.json ? r : check_json(settings.json, settings_find(metric, "JSONBody"), err);
}

static void answered(struct provider_host *host, uint64_t token, const struct http_reply *reply) {
    char sentence[256];
    _cleanup_free_ char *value = NULL;
    struct error why = {0};
    if (reply->failure)
        provider_host_answer(host, token, ANSWER_ERROR, NULL, reply->failure);
    else if (reply->status / 100 != 2)
        provider_host_answer(host, token, ANSWER_ERROR, NULL, http_describe_status(reply, sentence, sizeof(sentence)));
    else if (web_answer(reply->body, reply->len, reply->keep, &value, &why) < 0)
        provider_host_answer(host, token, ANSWER_ERROR, NULL, why.text);
    else
        provider_host_answer(host, token, ANSWER_VALUE, value, NULL);
}

static int ask(struct provider_host *host, const struct metric_spec *metric, const struct subject *subject,
               uint64_t token, struct error *err) {
    _cleanup_conceal_ struct metric_spec revealed = {0};
    struct web_settings settings;
    int r = metric_reveal(rows, ELEMENTS(rows), metric, &revealed, err);
    if (r == 0)
        r = read_settings(&revealed, true, &settings, err);
    if (r < 0)
        return r;
    return http_ask(host,
                    &(struct http_request){.url = settings.url,
                                           .method = settings.method,
                                           .body = settings.json ? settings.json : settings.body,
                                           .content_type = settings.json ? "application/json" : NULL,
                                           .keep = settings.path,
                                           .settings = &settings.http},
                    answered, token, err);
}

const struct provider web_provider = {.name = "web", .check = check, .ask = ask};
