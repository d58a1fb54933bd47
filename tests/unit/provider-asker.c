/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <time.h>

#include "tests/unit/provider-asker.h"

#define SETTINGS_MAX 16

struct asker asker;

static void done(void *userdata, uint64_t token, enum answer_kind kind, const char *value, const char *message) {
    assert_ptr_equal(userdata, &asker);
    assert_true((kind == ANSWER_VALUE) == (value != NULL));
    asker.answers++;
    asker.token = token;
    asker.kind = kind;
    (void)snprintf(asker.value, sizeof asker.value, "%s", value ? value : "none");
    (void)snprintf(asker.message, sizeof asker.message, "%s", message ? message : "none");
}

int asker_begin(void **unused) {
    asker = (struct asker){.answers = 0};
    asker.subject.spec = &asker.spec;
    assert_true(sd_event_new(&asker.event) >= 0);
    return provider_host_new(asker.event, done, &asker, &asker.host, NULL);
}

int asker_end(void **unused) {
    asker.host = provider_host_free(asker.host);
    asker.event = sd_event_unref(asker.event);
    return 0;
}

int asker_ask(const char *provider, const char *const *settings, uint64_t token, struct error *err) {
    struct setting given[SETTINGS_MAX];
    struct metric_spec metric = {.name = "m", .settings = given, .file = (char *)(uintptr_t) "shop.conf", .line = 1};
    (void)snprintf(metric.provider, sizeof metric.provider, "%s", provider);
    for (; settings[2 * metric.n_settings]; metric.n_settings++) {
        assert_true(metric.n_settings < SETTINGS_MAX);
        given[metric.n_settings] = (struct setting){.key = (char *)(uintptr_t)settings[2 * metric.n_settings],
                                                    .value = (char *)(uintptr_t)settings[2 * metric.n_settings + 1],
                                                    .file = metric.file,
                                                    .line = (int)metric.n_settings + 1};
    }
    int r = provider_find(provider)->check(&metric, err);
    if (r < 0)
        return r;
    unsigned before = asker.answers;
    r = provider_find(provider)->ask(asker.host, &metric, &asker.subject, token, err);
    assert_int_equal(asker.answers, before); /* never from inside */
    return r;
}

void asker_wait(unsigned answers) {
    time_t deadline = time(NULL) + 20;
    while (asker.answers < answers) {
        assert_true(sd_event_run(asker.event, 1000 * 1000) >= 0);
        assert_true(time(NULL) < deadline);
    }
}
