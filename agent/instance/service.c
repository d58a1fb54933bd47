/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance/service.h"

static void on_changed(void *userdata) {
    struct service *service = userdata;
    if (service->changed)
        service->changed(service->userdata);
}

/* A reload ends with its job, and changes no property that would outlive it. */
static void on_job_removed(void *userdata, uint32_t job, const char *job_result) {
    (void)job;
    (void)job_result;
    on_changed(userdata);
}

static void on_read(void *userdata) {
    (void)userdata;
}

static void on_broken(void *userdata, const char *why) {
    struct service *service = userdata;
    service->broken(service->broken_userdata, why);
}

static const struct watch_callbacks callbacks = {
    .changed = on_changed,
    .job_removed = on_job_removed,
    .read = on_read,
    .broken = on_broken,
};

int service_init(struct service *service, const char *unit) {
    return watch_init(&service->watch, unit, &callbacks, service);
}
