/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks providers and keeps their latest answer. */
#ifndef ROLLOUT_TESTS_PROVIDER_ASKER_H
#define ROLLOUT_TESTS_PROVIDER_ASKER_H

#include "provider/host.h"

struct asker {
    sd_event *event;
    struct provider_host *host;
    struct spec spec; /* zeroed */
    struct subject subject;
    unsigned answers;
    uint64_t token;
    enum answer_kind kind;
    char value[512], message[512]; /* "none" without */
};

extern struct asker asker;

/* Set-up and tear-down of a test. */
int asker_begin(void **unused);
int asker_end(void **unused);

/* The settings are KEY, VALUE, ... on shop.conf:1, 2, ...; a NULL key ends them. Returns what ask() does, or what
 * check() does before. */
int asker_ask(const char *provider, const char *const *settings, uint64_t token, struct error *err);
#define ASK(provider, token, err, ...) asker_ask(provider, (const char *const[]){__VA_ARGS__, NULL}, token, err)

/* Runs the loop until so many answers have come since the beginning. */
void asker_wait(unsigned answers);

#endif
