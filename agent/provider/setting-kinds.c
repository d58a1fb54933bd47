/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"
#include "common/credential.h"
#include "common/text.h"
#include "common/time.h"
#include "common/timespan.h"
#include "provider/provider.h"
#include "provider/settings.h"
#include "spec/place.h"

#define YEAR (365 * 24 * 3600 * USEC_PER_SEC)

static int keep(const char *value, void *field) {
    *(const char **)field = value;
    return 0;
}

int setting_text(const char *value, void *field, struct error *err) {
    (void)err;
    return keep(value, field);
}

static void cleanup_url(CURLU **place) {
    curl_url_cleanup(*place);
}

static void cleanup_curl_text(char **place) {
    curl_free(*place);
}

static bool url_has(CURLU *url, CURLUPart part) {
    _cleanup_(cleanup_curl_text) char *text = NULL;
    return curl_url_get(url, part, &text, 0) == CURLUE_OK;
}

int setting_url(const char *value, void *field, struct error *err) {
    _cleanup_(cleanup_url) CURLU *url = curl_url();
    _cleanup_(cleanup_curl_text) char *scheme = NULL;
    if (!url)
        return error_set(err, -ENOMEM, "no memory");
    if (curl_url_set(url, CURLUPART_URL, value, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK || !STR_IN_SET(scheme, "http", "https"))
        return error_set(err, -EINVAL, "not an address, expected one like http://127.0.0.1:9090");
    if (url_has(url, CURLUPART_USER) || url_has(url, CURLUPART_PASSWORD))
        return error_set(err, -EINVAL, "an address must not hold a user or password, expected BasicCredential=");
    return keep(value, field);
}

int setting_file(const char *value, void *field, struct error *err) {
    if (value[0] != '/')
        return error_set(err, -EINVAL, "\"%s\" is not an absolute path", SHOWN(value));
    return keep(value, field);
}

int setting_credential(const char *value, void *field, struct error *err) {
    /* Not shown: what stands here by mistake may be the secret itself. */
    if (!credential_name_valid(value))
        return error_set(err, -EINVAL, "not the name of a credential, expected letters, digits and \"._-\"");
    return keep(value, field);
}

int setting_bool(const char *value, void *field, struct error *err) {
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0)
        return error_set(err, -EINVAL, "\"%s\" is neither yes nor no", SHOWN(value));
    *(bool *)field = yes;
    return 0;
}

static int read_span(const char *value, usec_t max, void *field, struct error *err) {
    usec_t span;
    int r = timespan_parse(value, &span, err);
    if (r < 0)
        return r;
    if (span < USEC_PER_MSEC || span > max)
        return error_set(err, -ERANGE, "%s is not between 1ms and %s", FORMAT_TIMESPAN(span), FORMAT_TIMESPAN(max));
    *(usec_t *)field = span;
    return 0;
}

int setting_timeout(const char *value, void *field, struct error *err) {
    return read_span(value, PROVIDER_WAIT_MAX, field, err);
}

int setting_span(const char *value, void *field, struct error *err) {
    return read_span(value, YEAR, field, err);
}

/* Errors name no value: it may be a secret. */
int setting_header(const char *value, void *field, struct error *err) {
    static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    struct setting_list *list = field;
    size_t name = strspn(value, token);
    if (name == 0 || value[name] != ':' || value[name + 1 + strspn(value + name + 1, " \t")] == '\0')
        return error_set(err, -EINVAL, "not a header, expected \"Name: value\"");
    for (const char *at = value; *at; at++)
        if ((unsigned char)*at < ' ' && *at != '\t')
            return error_set(err, -EINVAL, "a header must not hold control characters");
    if (strncasecmp(value, "Content-Length:", name + 1) == 0 || strncasecmp(value, "Transfer-Encoding:", name + 1) == 0)
        return error_set(err, -EINVAL, "the header %.*s is set by the agent itself", (int)name, value);
    if (list->n == SETTING_LIST_MAX)
        return error_set(err, -E2BIG, "more than %d headers", SETTING_LIST_MAX);
    list->items[list->n++] = value;
    return 0;
}
