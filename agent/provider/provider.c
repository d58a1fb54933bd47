/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provider/provider.h"

#include <string.h>

#include "common/text.h"
#include "provider/haproxy.h"
#include "provider/job.h"
#include "provider/prometheus.h"
#include "provider/web.h"

/* A further provider is a line here. */
static const struct provider *const providers[] = {
    &prometheus_provider,
    &haproxy_provider,
    &web_provider,
    &job_provider,
};

const struct provider *provider_find(const char *name) {
    for (size_t i = 0; i < ELEMENTS(providers); i++)
        if (strcmp(providers[i]->name, name) == 0)
            return providers[i];
    return NULL;
}

const char *const *provider_names(void) {
    static const char *names[ELEMENTS(providers) + 1];
    for (size_t i = 0; i < ELEMENTS(providers); i++)
        names[i] = providers[i]->name;
    return names;
}
