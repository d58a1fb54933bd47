/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provider/http-failure.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "common/timespan.h"

const char *http_endpoint(const char *url, char buffer[static ENDPOINT_MAX]) {
    CURLU *parsed = curl_url();
    char *host = NULL, *port = NULL;
    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
        (void)snprintf(buffer, ENDPOINT_MAX, "%.255s:%s", host, port);
    else
        (void)string_copy(buffer, ENDPOINT_MAX, "the server");
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parsed);
    return buffer;
}

/* The errno of the socket call that failed, 0 when unknown. */
static int system_error(CURL *easy) {
    long number = 0;
    return curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK ? (int)number : 0;
}

static bool was_connected(CURL *easy) {
    curl_off_t spent = 0;
    return curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &spent) == CURLE_OK && spent > 0;
}

static void describe_timeout(const struct http_failure *failure, char *buffer, size_t size) {
    const char *timeout = FORMAT_TIMESPAN(failure->timeout);
    if (failure->received > 0)
        (void)snprintf(buffer, size, "timed out after %s: the answer of %s was not complete", timeout,
                       failure->endpoint);
    else if (was_connected(failure->easy))
        (void)snprintf(buffer, size, "timed out after %s: no answer from %s", timeout, failure->endpoint);
    else
        (void)snprintf(buffer, size, "timed out after %s: no connection to %s", timeout, failure->endpoint);
}

static void describe_broken(const struct http_failure *failure, char *buffer, size_t size) {
    int number = system_error(failure->easy);
    if (number == ECONNRESET || number == EPIPE)
        (void)snprintf(buffer, size, "connection reset by %s", failure->endpoint);
    else
        (void)snprintf(buffer, size, "connection to %s broke: %s", failure->endpoint,
                       number > 0 ? strerror(number) : failure->detail);
}

const char *http_describe_failure(const struct http_failure *failure, char *buffer, size_t size) {
    const char *endpoint = failure->endpoint;
    const char *detail = failure->detail[0] ? failure->detail : curl_easy_strerror(failure->code);
    int number;

    switch ((int)failure->code) { /* libcurl's list is longer than what can happen to us */
    case CURLE_COULDNT_RESOLVE_HOST:
        (void)snprintf(buffer, size, "cannot find the address of %s", endpoint);
        break;
    case CURLE_COULDNT_CONNECT:
        number = system_error(failure->easy);
        if (number == ECONNREFUSED)
            (void)snprintf(buffer, size, "connection refused by %s", endpoint);
        else
            (void)snprintf(buffer, size, "cannot connect to %s: %s", endpoint, number > 0 ? strerror(number) : detail);
        break;
    case CURLE_OPERATION_TIMEDOUT:
        describe_timeout(failure, buffer, size);
        break;
    case CURLE_GOT_NOTHING:
        (void)snprintf(buffer, size, "%s closed the connection without an answer", endpoint);
        break;
    case CURLE_PARTIAL_FILE:
        (void)snprintf(buffer, size, "the answer of %s ended too early", endpoint);
        break;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        describe_broken(failure, buffer, size);
        break;
    case CURLE_WRITE_ERROR:
        (void)snprintf(buffer, size, "the answer of %s is too large", endpoint);
        break;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
        (void)snprintf(buffer, size, "%s does not speak HTTP: %s", endpoint, detail);
        break;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        (void)snprintf(buffer, size, "TLS with %s failed: %s", endpoint, detail);
        break;
    default:
        (void)snprintf(buffer, size, "asking %s failed: %s", endpoint, detail);
    }
    return buffer;
}
