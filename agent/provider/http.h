/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One HTTP question over the network: headers, credentials and TLS as the metric's settings say; the answer is bounded
 * in time and size, and a failure is a sentence. Redirects are not followed. */
#ifndef ROLLOUT_PROVIDER_HTTP_H
#define ROLLOUT_PROVIDER_HTTP_H

#include "common/time.h"
#include "provider/host.h"
#include "provider/settings.h"

/* Bytes of one answer, headers included. */
#define HTTP_REPLY_MAX ((size_t)1 << 20)

/* Settings that every provider has which asks over HTTP: a member `http` of its own struct, filled by HTTP_SETTINGS. */
struct http_settings {
    struct setting_list headers;
    const char *bearer, *basic; /* names of credentials */
    const char *ca_file, *certificate, *key;
    bool insecure;
    usec_t timeout; /* for the whole question */
};

/* clang-format off */
#define HTTP_SETTINGS(type, default_timeout)                                               \
    {"TimeoutSec", setting_timeout, offsetof(type, http.timeout), false, default_timeout}, \
    {"Header", setting_header, offsetof(type, http.headers), false, NULL},                 \
    {"BearerCredential", setting_credential, offsetof(type, http.bearer), false, NULL},    \
    {"BasicCredential", setting_credential, offsetof(type, http.basic), false, NULL},      \
    {"CAFile", setting_file, offsetof(type, http.ca_file), false, NULL},                   \
    {"ClientCertificate", setting_file, offsetof(type, http.certificate), false, NULL},    \
    {"ClientKey", setting_file, offsetof(type, http.key), false, NULL},                    \
    {"InsecureTLS", setting_bool, offsetof(type, http.insecure), false, "no"}
/* clang-format on */

/* What the rows can't tell: settings that exclude or need each other. */
int http_settings_check(const struct http_settings *settings, const struct metric_spec *metric, struct error *err);

struct http_request {
    const char *url;          /* http or https */
    const char *method;       /* GET, which has no body, POST or PUT */
    const char *body;         /* NULL: none */
    const char *content_type; /* of the body; NULL, or in the settings' headers: as they say */
    const char *keep;         /* handed back with the reply; NULL: nothing */
    const struct http_settings *settings;
};

/* What came back: an answer of whatever status, or the sentence why there is none. Borrowed for the call. */
struct http_reply {
    const char *failure; /* NULL when there is an answer */
    int status;
    const char *body; /* with a NUL behind its last byte */
    size_t len;
    const char *location; /* where a redirect leads, or NULL */
    const char *keep;     /* the request's */
};

typedef void (*http_done)(struct provider_host *host, uint64_t token, const struct http_reply *reply);

/* Asks; the request is borrowed for the call. When it returns 0, done is called once, later, unless the host is freed.
 */
int http_ask(struct provider_host *host, const struct http_request *request, http_done done, uint64_t token,
             struct error *err);

/* A sentence for an answer that isn't 2xx: "HTTP 503: no upstream". Returns buffer. */
const char *http_describe_status(const struct http_reply *reply, char *buffer, size_t size);

#endif
