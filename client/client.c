/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"

#define CONNECT_TIME 5000L /* milliseconds */
#define REQUEST_TIME 15000L
#define ANSWER_MAX ((size_t)32 << 20)

struct client {
    char *folder;
    CURL *request;
    struct buffer answer;

    CURLM *multi;
    CURL *stream; /* NULL: no stream is open */
    const char *stream_socket;
    struct sse sse;
    uint32_t last_event;
    struct curl_slist *headers;
};

void answer_document_done(struct answer_document *answer) {
    cJSON_Delete(answer->document);
    *answer = (struct answer_document){0};
}

const char *answer_problem(const struct answer_document *answer, const char **ret_detail) {
    static const char prefix[] = "urn:rollout:problem:";
    const char *type = "", *detail = "";
    if (answer->status >= 400 && cJSON_IsObject(answer->document)) {
        (void)json_opt_string(answer->document, "type", &type, NULL);
        (void)json_opt_string(answer->document, "detail", &detail, NULL);
        type = strncmp(type, prefix, strlen(prefix)) == 0 ? type + strlen(prefix) : "failed";
    }
    if (ret_detail)
        *ret_detail = detail;
    return type;
}

static size_t take_answer(char *bytes, size_t size, size_t n, void *userdata) {
    struct client *client = userdata;
    return buffer_append(&client->answer, bytes, n) < 0 ? 0 : n;
}

static size_t take_stream(char *bytes, size_t size, size_t n, void *userdata) {
    struct client *client = userdata;
    return sse_feed(&client->sse, bytes, n) < 0 ? 0 : n;
}

/* What every handle has. */
static int prepare(struct client *client, CURL *handle, const char *name, const char *path, struct error *err) {
    _cleanup_free_ char *socket = NULL, *url = NULL;
    if (asprintf(&socket, "%s/%s", client->folder, name) < 0) {
        socket = NULL;
        return error_set(err, -ENOMEM, "no memory for a request");
    }
    if (asprintf(&url, "http://localhost%s", path) < 0) {
        url = NULL;
        return error_set(err, -ENOMEM, "no memory for a request");
    }
    curl_easy_reset(handle);
    if (curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, socket) != CURLE_OK ||
        curl_easy_setopt(handle, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
        curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L) != CURLE_OK ||
        curl_easy_setopt(handle, CURLOPT_PROXY, "") != CURLE_OK ||
        curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIME) != CURLE_OK)
        return error_set(err, -ENOMEM, "cannot prepare a request for %s", socket);
    return 0;
}

static int unreachable(struct client *client, CURL *handle, const char *name, CURLcode code, struct error *err) {
    long system_error = 0;
    (void)curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &system_error);
    if (code == CURLE_WRITE_ERROR)
        return error_set(err, -EBADMSG, "the answer of %s/%s is too long", client->folder, name);
    if (code == CURLE_COULDNT_CONNECT && (system_error == EACCES || system_error == EPERM))
        return error_set(err, -EACCES, "no permission to use %s/%s: be root or in the group rollout", client->folder,
                         name);
    const char *slash = strrchr(client->folder, '/');
    return error_set(err, -EHOSTUNREACH,
                     "the agent of %s does not answer at %s/%s: %s (see systemctl status rollout@%s)",
                     slash ? slash + 1 : client->folder, client->folder, name,
                     code == CURLE_COULDNT_CONNECT && system_error ? strerror((int)system_error)
                                                                   : curl_easy_strerror(code),
                     slash ? slash + 1 : client->folder);
}

/* Everybody may stand in line at status.sock; who may act is not kept waiting there. */
static const char *socket_for_reading(const struct client *client) {
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/api.sock", client->folder);
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ? "api.sock" : "status.sock";
}

int client_ask(struct client *client, const char *path, const char *body, struct answer_document *ret,
               struct error *err) {
    const char *name = body ? "api.sock" : socket_for_reading(client);
    CURL *handle = client->request;
    int r = prepare(client, handle, name, path, err);
    if (r < 0)
        return r;
    buffer_reset(&client->answer);
    CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_answer);
    if (code == CURLE_OK)
        code = curl_easy_setopt(handle, CURLOPT_WRITEDATA, client);
    if (code == CURLE_OK)
        code = curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, REQUEST_TIME);
    if (code == CURLE_OK && body)
        code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    if (code == CURLE_OK && body)
        code = curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body);
    if (code == CURLE_OK)
        code = curl_easy_perform(handle);
    if (code != CURLE_OK)
        return unreachable(client, handle, name, code, err);

    struct answer_document answer = {0};
    struct error why = {0};
    (void)curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
    if (json_parse(buffer_text(&client->answer), client->answer.len, &answer.document, &why) < 0)
        return error_set(err, -EBADMSG, "the answer of %s/%s to %s is not JSON: %s", client->folder, name, path,
                         why.text);
    *ret = answer;
    return 0;
}

/* ---------------------------------------------------------------- events */

static void stream_close(struct client *client) {
    if (client->stream) {
        (void)curl_multi_remove_handle(client->multi, client->stream);
        curl_easy_cleanup(client->stream);
    }
    client->stream = NULL;
    curl_slist_free_all(client->headers);
    client->headers = NULL;
    sse_reset(&client->sse);
}

static int stream_open(struct client *client, struct error *err) {
    char header[64];
    (void)snprintf(header, sizeof(header), "Last-Event-ID: %u", client->last_event);
    client->stream = curl_easy_init();
    client->stream_socket = socket_for_reading(client);
    if (client->last_event > 0)
        client->headers = curl_slist_append(NULL, header);
    int r = client->stream ? prepare(client, client->stream, client->stream_socket, "/v1/events", err)
                           : error_set(err, -ENOMEM, "no memory for a request");
    if (r == 0 && (curl_easy_setopt(client->stream, CURLOPT_WRITEFUNCTION, take_stream) != CURLE_OK ||
                   curl_easy_setopt(client->stream, CURLOPT_WRITEDATA, client) != CURLE_OK ||
                   curl_easy_setopt(client->stream, CURLOPT_FAILONERROR, 1L) != CURLE_OK ||
                   curl_easy_setopt(client->stream, CURLOPT_HTTPHEADER, client->headers) != CURLE_OK ||
                   curl_multi_add_handle(client->multi, client->stream) != CURLM_OK))
        r = error_set(err, -ENOMEM, "cannot prepare a stream of events");
    if (r < 0)
        stream_close(client);
    return r;
}

/* Moves bytes; negative when the stream is over. */
static int stream_move(struct client *client, struct error *err) {
    int running = 0, left;
    CURLMcode code = curl_multi_perform(client->multi, &running);
    const CURLMsg *message = curl_multi_info_read(client->multi, &left);
    if (code == CURLM_OK && running > 0 && !message)
        return 0;
    CURLcode result = message ? message->data.result : CURLE_RECV_ERROR;
    return unreachable(client, client->stream, client->stream_socket, result == CURLE_OK ? CURLE_GOT_NOTHING : result,
                       err);
}

static usec_t now(void) {
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * USEC_PER_SEC + time.tv_nsec / 1000;
}

int client_next_event(struct client *client, usec_t timeout, struct sse_event *ret, struct error *err) {
    usec_t end = usec_add(now(), timeout);
    int r = client->stream ? 0 : stream_open(client, err);
    while (r == 0) {
        r = stream_move(client, err);
        if (sse_next(&client->sse, ret)) {
            client->last_event = ret->id > 0 ? ret->id : client->last_event;
            return 1;
        }
        usec_t left = end - now();
        if (r == 0 && left <= 0)
            return 0;
        if (r == 0)
            (void)curl_multi_poll(client->multi, NULL, 0, left < USEC_PER_SEC ? (int)(left / 1000) + 1 : 1000, NULL);
    }
    stream_close(client);
    return r;
}

/* ---------------------------------------------------------------- begin and end */

int client_new(const char *folder, struct client **ret, struct error *err) {
    struct client *client = calloc(1, sizeof(*client));
    if (client) {
        client->folder = strdup(folder);
        client->request = curl_easy_init();
        client->multi = curl_multi_init();
        client->answer = BUFFER(ANSWER_MAX);
        client->sse = SSE_NULL;
    }
    if (!client || !client->folder || !client->request || !client->multi) {
        (void)client_free(client);
        return error_set(err, -ENOMEM, "no memory for a client");
    }
    *ret = client;
    return 0;
}

struct client *client_free(struct client *client) {
    if (!client)
        return NULL;
    stream_close(client);
    (void)curl_multi_cleanup(client->multi);
    curl_easy_cleanup(client->request);
    buffer_reset(&client->answer);
    free(client->folder);
    free(client);
    return NULL;
}
