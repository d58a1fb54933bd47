/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instance manager for systemd, over D-Bus. Level-triggered: signals only hasten what a full read would show, and
 * one is made after every job, every reload of unit files and every new connection. While systemd is out of reach every
 * instance is told as known=false, and orders end with -ECONNRESET.
 *
 * Orders end with -EACCES (polkit), -ENOENT (no unit file), -ESHUTDOWN (masked, or the system goes down), -ETIMEDOUT
 * (the job is still there; `job` says so), -ECANCELED, -EIO (it failed, or does not run any more), -ECHILD (what
 * Prepare= runs has failed) and others, always with a sentence.
 *
 * active_since is told on CLOCK_BOOTTIME, yet systemd stamps CLOCK_MONOTONIC, which stands still in suspend. We add
 * what lies between the two when we first see a stamp: right unless the machine slept in between; then the instance
 * looks younger than it is, never older. */
#ifndef ROLLOUT_INSTANCE_SYSTEMD_H
#define ROLLOUT_INSTANCE_SYSTEMD_H

#include <systemd/sd-event.h>

#include "instance/manager.h"

/* INSTANCES_DIR holds the links that say which revision an instance is placed at. EVENT is kept; all else is borrowed
 * for the call. Nothing is connected yet when this returns. Callbacks never come from inside watch() or order(), and
 * must not close the manager. Numbers are 0-based, as in the model: shop@blue-1.service is (BLUE, 0). */
int systemd_manager_new(sd_event *event, const struct spec *spec, const char *instances_dir,
                        const struct manager_callbacks *callbacks, struct manager *ret, struct error *err);

/* Tells by CHANGED whenever a service that isn't ours was started, stopped or reloaded, or may have been. At most one
 * service, and to be called before the event loop runs. */
int systemd_manager_watch_service(struct manager *manager, const char *unit, void (*changed)(void *userdata),
                                  void *userdata, struct error *err);

/* Ends it; jobs under way go on without us. NULL and a zeroed manager are fine. Returns NULL. */
struct manager *systemd_manager_close(struct manager *manager);

#endif
