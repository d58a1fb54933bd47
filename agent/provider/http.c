/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provider/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/credential.h"
#include "common/text.h"
#include "provider/http-failure.h"
#include "spec/place.h"

/* A question from start to answer. */
struct exchange {
    struct transfer transfer; /* first: the host hands it back */
    http_done done;
    uint64_t token;
    usec_t timeout;
    struct curl_slist *headers;
    struct buffer body;
    size_t received; /* bytes, of headers too */
    char detail[CURL_ERROR_SIZE];
    char endpoint[ENDPOINT_MAX];
    char *keep;
};

static struct exchange *exchange_free(struct exchange *exchange) {
    if (!exchange)
        return NULL;
    curl_easy_cleanup(exchange->transfer.easy);
    curl_slist_free_all(exchange->headers);
    buffer_reset(&exchange->body);
    free(exchange->keep);
    free(exchange);
    return NULL;
}

static void cleanup_exchange(struct exchange **place) {
    *place = exchange_free(*place);
}

/* Anything but `size` makes libcurl give up. */
static size_t count(struct exchange *exchange, size_t size) {
    if (size > HTTP_REPLY_MAX - exchange->received)
        return 0;
    exchange->received += size;
    return size;
}

static size_t on_header(char *bytes, size_t one, size_t size, void *userdata) {
    return count(userdata, size);
}

static size_t on_body(char *bytes, size_t one, size_t size, void *userdata) {
    struct exchange *exchange = userdata;
    size_t taken = count(exchange, size);
    return taken > 0 && buffer_append(&exchange->body, bytes, size) == 0 ? taken : 0;
}

static void end(struct transfer *transfer, struct provider_host *host, CURLcode result) {
    _cleanup_(cleanup_exchange) struct exchange *exchange = (struct exchange *)transfer;
    if (!host)
        return;

    struct http_reply reply = {.body = buffer_text(&exchange->body), .len = exchange->body.len, .keep = exchange->keep};
    char sentence[512];
    if (result != CURLE_OK) {
        reply.failure = http_describe_failure(&(struct http_failure){.easy = transfer->easy,
                                                                     .code = result,
                                                                     .detail = exchange->detail,
                                                                     .endpoint = exchange->endpoint,
                                                                     .timeout = exchange->timeout,
                                                                     .received = exchange->received},
                                              sentence, sizeof(sentence));
    } else {
        long status = 0;
        char *location = NULL;
        (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_URL, &location);
        reply.status = (int)status;
        reply.location = location;
    }
    exchange->done(host, exchange->token, &reply);
}

/* One option after the other, until the first that libcurl refuses. */
#define SET(option, value)                                             \
    do {                                                               \
        if (*code == CURLE_OK)                                         \
            *code = curl_easy_setopt(easy, CURLOPT_##option, (value)); \
    } while (0)

static void set_bounds(CURL *easy, struct exchange *exchange, CURLcode *code) {
    SET(NOSIGNAL, 1L);
    SET(QUICK_EXIT, 1L); /* don't wait for a resolver thread that hangs */
    SET(PROTOCOLS_STR, "http,https");
    SET(FOLLOWLOCATION, 0L);
    SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(TIMEOUT_MS, (long)(exchange->timeout / USEC_PER_MSEC));
    SET(ERRORBUFFER, exchange->detail);
    SET(HEADERFUNCTION, on_header);
    SET(HEADERDATA, exchange);
    SET(WRITEFUNCTION, on_body);
    SET(WRITEDATA, exchange);
}

static void set_tls(CURL *easy, const struct http_settings *settings, CURLcode *code) {
    if (settings->ca_file) {
        SET(CAINFO, settings->ca_file);
        SET(CAPATH, NULL); /* this authority and no other */
    }
    if (settings->certificate)
        SET(SSLCERT, settings->certificate);
    if (settings->key)
        SET(SSLKEY, settings->key);
    SET(SSL_VERIFYPEER, settings->insecure ? 0L : 1L);
    SET(SSL_VERIFYHOST, settings->insecure ? 0L : 2L);
}

/* libcurl sends these to the server asked only, and overwrites nothing of them in its memory, so they are read anew
 * each time and live as long as the question. */
static int set_credentials(CURL *easy, const struct http_settings *settings, CURLcode *code, struct error *err) {
    const char *name = settings->bearer ? settings->bearer : settings->basic;
    if (!name)
        return 0;
    _cleanup_credential_ char *secret = NULL;
    int r = credential_read(name, &secret, err);
    if (r < 0)
        return r;
    if (settings->bearer) {
        SET(HTTPAUTH, (long)CURLAUTH_BEARER);
        SET(XOAUTH2_BEARER, secret);
    } else {
        if (!strchr(secret, ':'))
            return error_set(err, -EINVAL, "credential %s is not of the form USER:PASSWORD", name);
        SET(HTTPAUTH, (long)CURLAUTH_BASIC);
        SET(USERPWD, secret);
    }
    return 0;
}

static int add_header(struct exchange *exchange, const char *header) {
    struct curl_slist *longer = curl_slist_append(exchange->headers, header);
    if (!longer)
        return -ENOMEM;
    exchange->headers = longer;
    return 0;
}

static int set_headers(CURL *easy, struct exchange *exchange, const struct http_request *request, CURLcode *code) {
    static const char type[] = "Content-Type:";
    const struct setting_list *headers = &request->settings->headers;
    char header[128];
    bool typed = false;
    int r = 0;
    for (size_t i = 0; i < headers->n && r == 0; i++) {
        r = add_header(exchange, headers->items[i]);
        typed = typed || strncasecmp(headers->items[i], type, strlen(type)) == 0;
    }
    if (strcmp(request->method, "GET") != 0) {
        (void)snprintf(header, sizeof(header), "%s %s", type, request->content_type ? request->content_type : "");
        if (r == 0 && !typed)
            r = add_header(exchange, header);
        if (r == 0)
            r = add_header(exchange, "Expect:"); /* no extra round trip for long queries */
        SET(COPYPOSTFIELDS, request->body ? request->body : "");
        SET(CUSTOMREQUEST, request->method);
    }
    SET(USERAGENT, "rollout");
    SET(HTTPHEADER, exchange->headers);
    return r;
}

static int exchange_new(const struct http_request *request, struct exchange **ret, struct error *err) {
    _cleanup_(cleanup_exchange) struct exchange *exchange = calloc(1, sizeof(*exchange));
    CURL *easy = exchange ? curl_easy_init() : NULL;
    if (!easy)
        return error_set(err, -ENOMEM, "cannot ask: no memory");
    (void)http_endpoint(request->url, exchange->endpoint); /* errors show this, as a whole URL may hold a secret */
    exchange->transfer.easy = easy;
    exchange->transfer.end = end;
    exchange->timeout = request->settings->timeout;
    exchange->body = BUFFER(HTTP_REPLY_MAX);
    exchange->keep = request->keep ? strdup(request->keep) : NULL;
    if (request->keep && !exchange->keep)
        return error_set(err, -ENOMEM, "cannot ask %s: no memory", exchange->endpoint);

    CURLcode result = CURLE_OK, *code = &result;
    set_bounds(easy, exchange, code);
    SET(URL, request->url);
    set_tls(easy, request->settings, code);
    int r = set_credentials(easy, request->settings, code, err);
    if (r < 0)
        return r;
    r = set_headers(easy, exchange, request, code);
    if (r < 0 || result != CURLE_OK)
        return error_set(err, r < 0 ? r : -EINVAL, "cannot ask %s: %s", exchange->endpoint,
                         r < 0 ? strerror(-r) : curl_easy_strerror(result));
    *ret = take_pointer(exchange);
    return 0;
}

int http_ask(struct provider_host *host, const struct http_request *request, http_done done, uint64_t token,
             struct error *err) {
    _cleanup_(cleanup_exchange) struct exchange *exchange = NULL;
    int r = exchange_new(request, &exchange, err);
    if (r < 0)
        return r;
    exchange->done = done;
    exchange->token = token;
    r = provider_host_start(host, &exchange->transfer, err);
    if (r < 0)
        return r;
    exchange = NULL; /* the host's now */
    return 0;
}

const char *http_describe_status(const struct http_reply *reply, char *buffer, size_t size) {
    char shown[160];
    if (reply->location) {
        (void)snprintf(buffer, size, "HTTP %d: redirects to %s, which is not followed: ask there", reply->status,
                       text_escape(shown, sizeof(shown), reply->location, strlen(reply->location)));
        return buffer;
    }
    const char *line = reply->body + strspn(reply->body, " \t\r\n");
    size_t len = *line == '<' ? 0 : strcspn(line, "\r\n"); /* a page for people isn't worth showing */
    bool credentials = reply->status == 401 || reply->status == 403;
    (void)snprintf(buffer, size, "HTTP %d%s%s%s", reply->status, len > 0 ? ": " : "",
                   text_escape(shown, sizeof(shown), line, len),
                   credentials ? "; see BearerCredential= and BasicCredential=" : "");
    return buffer;
}

int http_settings_check(const struct http_settings *settings, const struct metric_spec *metric, struct error *err) {
    const struct setting *setting = NULL;
    if (settings->bearer && settings->basic) {
        setting = settings_find(metric, "BasicCredential");
        return error_at(err, setting->file, setting->line, "BasicCredential= and BearerCredential= exclude each other");
    }
    if (settings->key && !settings->certificate) {
        setting = settings_find(metric, "ClientKey");
        return error_at(err, setting->file, setting->line, "ClientKey= needs ClientCertificate=");
    }
    return 0;
}
