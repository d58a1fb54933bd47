/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What providers stand on: the event loop, one libcurl multi handle that it drives, units of systemd; and the list of
 * questions under way. Nothing here blocks. */
#ifndef ROLLOUT_PROVIDER_HOST_H
#define ROLLOUT_PROVIDER_HOST_H

#include <curl/curl.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/error.h"
#include "instance/oneshot.h"
#include "provider/provider.h"

/* Questions under way at a time; beyond it asking is refused. A metric asks up to three at a time: its own, its
 * baseline's and its samples'. */
#define PROVIDER_QUESTIONS_MAX 1024

/* Answers to all questions go to DONE. EVENT is referenced; the caller frees *ret with provider_host_free(). */
int provider_host_new(sd_event *event, provider_done done, void *userdata, struct provider_host **ret,
                      struct error *err);

/* Cancels what is in flight, without a call of done. Not from inside done. */
struct provider_host *provider_host_free(struct provider_host *host);

/* For providers, to answer a question; not from inside ask(). */
void provider_host_answer(struct provider_host *host, uint64_t token, enum answer_kind kind, const char *value,
                          const char *message);

/* A question under way, part of what a provider keeps of it: in the host's list from add to remove. */
struct pending {
    void (*cancel)(struct pending *pending); /* the host is freed: frees this, and tells nobody; off the list already */
    struct pending *next, **place;           /* the host's */
};

/* -EBUSY when there are too many. */
int provider_host_add(struct provider_host *host, struct pending *pending, struct error *err);
void provider_host_remove(struct provider_host *host, struct pending *pending);

sd_event *provider_host_event(const struct provider_host *host); /* borrowed */

/* Units to be run for questions; connected to systemd when first asked for. APP is whom to permit. */
int provider_host_oneshots(struct provider_host *host, const char *app, struct oneshots **ret, struct error *err);

/* One libcurl transfer, part of what it is made for (see http.c). Between start and end it belongs to the host. */
struct transfer {
    struct pending pending; /* the host's, as is HOST */
    struct provider_host *host;
    CURL *easy;
    /* Called once, when the transfer isn't the host's any more: frees the transfer. HOST is NULL when it was cancelled;
     * then nobody must be told. */
    void (*end)(struct transfer *transfer, struct provider_host *host, CURLcode result);
};

/* Begins it; end() is called later, never from inside here. On failure it stays the caller's. */
int provider_host_start(struct provider_host *host, struct transfer *transfer, struct error *err);

#endif
