/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why an HTTP question got no answer, as a sentence: "connection refused by 127.0.0.1:9090". */
#ifndef ROLLOUT_PROVIDER_HTTP_FAILURE_H
#define ROLLOUT_PROVIDER_HTTP_FAILURE_H

#include <curl/curl.h>
#include <stddef.h>

#include "common/time.h"

#define ENDPOINT_MAX 288 /* a host name and a port */

/* What is known of a transfer that failed. */
struct http_failure {
    CURL *easy;
    CURLcode code;
    const char *detail;   /* libcurl's own words, "" when it has none */
    const char *endpoint; /* HOST:PORT */
    usec_t timeout;
    size_t received; /* bytes */
};

/* Returns buffer. */
const char *http_describe_failure(const struct http_failure *failure, char *buffer, size_t size);

/* "HOST:PORT" of a URL; "the server" when it has none. Returns buffer. */
const char *http_endpoint(const char *url, char buffer[static ENDPOINT_MAX]);

#endif
