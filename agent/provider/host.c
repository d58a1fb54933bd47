/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provider/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/time.h"

/* Connections kept for the next question. */
#define IDLE_CONNECTIONS_MAX 16L

struct provider_host {
    sd_event *event;
    CURLM *multi;
    sd_event_source *timer;
    struct pending *pending;
    size_t n_pending;
    struct oneshots *oneshots; /* NULL: nobody has asked for units yet */
    provider_done done;
    void *userdata;
};

void provider_host_answer(struct provider_host *host, uint64_t token, enum answer_kind kind, const char *value,
                          const char *message) {
    host->done(host->userdata, token, kind, value, message);
}

int provider_host_add(struct provider_host *host, struct pending *pending, struct error *err) {
    if (host->n_pending == PROVIDER_QUESTIONS_MAX)
        return error_set(err, -EBUSY, "%d questions wait for their answers already", PROVIDER_QUESTIONS_MAX);
    pending->next = host->pending;
    pending->place = &host->pending;
    if (pending->next)
        pending->next->place = &pending->next;
    host->pending = pending;
    host->n_pending++;
    return 0;
}

void provider_host_remove(struct provider_host *host, struct pending *pending) {
    *pending->place = pending->next;
    if (pending->next)
        pending->next->place = pending->place;
    host->n_pending--;
}

sd_event *provider_host_event(const struct provider_host *host) {
    return host->event;
}

int provider_host_oneshots(struct provider_host *host, const char *app, struct oneshots **ret, struct error *err) {
    int r = host->oneshots ? 0 : oneshots_new(host->event, app, &host->oneshots, err);
    if (r >= 0)
        *ret = host->oneshots;
    return r;
}

static void cancel_transfer(struct pending *pending) {
    struct transfer *transfer = (struct transfer *)pending;
    (void)curl_multi_remove_handle(transfer->host->multi, transfer->easy);
    transfer->end(transfer, NULL, CURLE_ABORTED_BY_CALLBACK);
}

/* Ends what libcurl says is over. Each end may start new transfers. */
static void collect(struct provider_host *host) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(host->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result; /* the message is gone once the handle is removed */
        struct transfer *transfer = NULL;
        if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) != CURLE_OK || !transfer)
            continue;
        (void)curl_multi_remove_handle(host->multi, transfer->easy);
        provider_host_remove(host, &transfer->pending);
        transfer->end(transfer, host, result);
    }
}

static int act(struct provider_host *host, curl_socket_t fd, int events) {
    int running;
    CURLMcode code = curl_multi_socket_action(host->multi, fd, events, &running);
    if (code != CURLM_OK)
        log_debug("provider", "libcurl could not act on a socket: %s", curl_multi_strerror(code));
    collect(host);
    return 0;
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *userdata) {
    /* An error or hang-up alone is 0: libcurl looks by itself. */
    return act(userdata, fd, (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0));
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
    return act(userdata, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl's wish: call me when this socket is ready (SOURCE: what it was wished before). */
static int want_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *source) {
    struct provider_host *host = userdata;
    sd_event_source *watch = source;
    if (what == CURL_POLL_REMOVE) {
        (void)curl_multi_assign(host->multi, fd, NULL);
        sd_event_source_disable_unref(watch);
        return 0;
    }
    uint32_t events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) | (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    if (watch)
        return sd_event_source_set_io_events(watch, events) < 0 ? -1 : 0;
    if (sd_event_add_io(host->event, &watch, fd, events, on_ready, host) < 0)
        return -1;
    if (curl_multi_assign(host->multi, fd, watch) != CURLM_OK) {
        sd_event_source_disable_unref(watch);
        return -1;
    }
    return 0;
}

/* libcurl's wish: call me after so many milliseconds; negative: never. */
static int want_time(CURLM *multi, long timeout, void *userdata) {
    struct provider_host *host = userdata;
    if (timeout < 0)
        return sd_event_source_set_enabled(host->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
    if (sd_event_source_set_time_relative(host->timer, (uint64_t)timeout * (uint64_t)USEC_PER_MSEC) < 0)
        return -1;
    return sd_event_source_set_enabled(host->timer, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

int provider_host_start(struct provider_host *host, struct transfer *transfer, struct error *err) {
    transfer->host = host;
    transfer->pending.cancel = cancel_transfer;
    if (curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer) != CURLE_OK)
        return error_set(err, -EIO, "libcurl refused a transfer");
    int r = provider_host_add(host, &transfer->pending, err);
    if (r < 0)
        return r;
    CURLMcode code = curl_multi_add_handle(host->multi, transfer->easy);
    if (code == CURLM_OK)
        return 0;
    provider_host_remove(host, &transfer->pending);
    return error_set(err, code == CURLM_OUT_OF_MEMORY ? -ENOMEM : -EIO, "cannot begin a transfer: %s",
                     curl_multi_strerror(code));
}

struct provider_host *provider_host_free(struct provider_host *host) {
    if (!host)
        return NULL;
    while (host->pending) {
        struct pending *pending = host->pending;
        provider_host_remove(host, pending);
        pending->cancel(pending);
    }
    oneshots_free(host->oneshots);
    curl_multi_cleanup(host->multi); /* takes back its wishes, so timer and event outlive it */
    sd_event_source_disable_unref(host->timer);
    sd_event_unref(host->event);
    curl_global_cleanup();
    free(host);
    return NULL;
}

static void cleanup_host(struct provider_host **place) {
    *place = provider_host_free(*place);
}

static int set_up(struct provider_host *host) {
    int r = sd_event_add_time_relative(host->event, &host->timer, CLOCK_MONOTONIC, 0, USEC_PER_MSEC, on_time, host);
    if (r < 0)
        return r;
    r = sd_event_source_set_enabled(host->timer, SD_EVENT_OFF);
    if (r < 0)
        return r;
    host->multi = curl_multi_init();
    if (!host->multi)
        return -ENOMEM;
    if (curl_multi_setopt(host->multi, CURLMOPT_SOCKETFUNCTION, want_socket) != CURLM_OK ||
        curl_multi_setopt(host->multi, CURLMOPT_SOCKETDATA, host) != CURLM_OK ||
        curl_multi_setopt(host->multi, CURLMOPT_TIMERFUNCTION, want_time) != CURLM_OK ||
        curl_multi_setopt(host->multi, CURLMOPT_TIMERDATA, host) != CURLM_OK ||
        curl_multi_setopt(host->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS_MAX) != CURLM_OK)
        return -EIO;
    return 0;
}

int provider_host_new(sd_event *event, provider_done done, void *userdata, struct provider_host **ret,
                      struct error *err) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(err, -EIO, "cannot set up libcurl");
    _cleanup_(cleanup_host) struct provider_host *host = calloc(1, sizeof(*host));
    if (!host) {
        curl_global_cleanup();
        return error_set(err, -ENOMEM, "cannot set up the providers: no memory");
    }
    host->event = sd_event_ref(event);
    host->done = done;
    host->userdata = userdata;
    int r = set_up(host);
    if (r < 0)
        return error_set(err, r, "cannot set up the providers: %s", strerror(-r));
    *ret = take_pointer(host);
    return 0;
}
