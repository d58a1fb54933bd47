/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may ask: the control API's server on its two sockets, and what it needs from the agent. HTTP/1.1 with JSON over
 * Unix sockets; libmicrohttpd stands behind server.c alone. */
#ifndef ROLLOUT_API_API_H
#define ROLLOUT_API_API_H

#include "common/error.h"
#include "core/command.h"
#include "core/explain.h"
#include "core/forecast.h"
#include "core/model.h"

/* Everything that a reading request shows, borrowed until the event loop goes on. */
struct api_view {
    const struct spec *spec; /* the one in force */
    const struct state *state;
    const struct world *world;
    usec_t now;           /* core clock */
    usec_t wall_offset;   /* wall = now + wall_offset */
    const char *degraded; /* "InvalidSpec: ..." when the files are bad or the disk refuses; NULL: nothing */
};

/* A verb with what does not go into the core. */
struct api_command {
    struct command command; /* identity is filled by the agent */
    char **env;             /* deploy: "KEY=value" pairs, NULL-terminated, or NULL; unchecked */
    usec_t asked_at;        /* CLOCK_BOOTTIME: when it was asked for the first time; 0: it is not asked again */
};

/* An analysis by hand. */
struct api_analysis {
    struct analysis_use use;
    uint32_t uid, login_uid; /* who; UINT32_MAX unknown */
};

/* What a deploy would do. */
struct api_plan {
    struct command_result result; /* as the deploy's; forecast and spec only where it isn't refused */
    struct forecast forecast;     /* of result.revision */
    const struct spec *spec;      /* by which it goes; borrowed until the event loop goes on */
};

/* A run and what it asks, borrowed until the next one is asked for or the event loop goes on. */
struct run_view {
    const struct run *run;
    const struct expanded_analysis *asked; /* as many metrics as the run has */
};

/* The agent's side. */
struct api_handler {
    void *userdata;
    void (*view)(void *userdata, struct api_view *ret);
    /* A run by id, from memory or the store. -ENOENT. */
    int (*run)(void *userdata, uint32_t id, struct run_view *ret, struct error *err);
    /* Begins a run by hand; *ret_run is its number. -ENOTCONN: it makes no sense now; -EBUSY: too many at once; -EINVAL
     * and -ENOEXEC: what is asked for, or the configuration, is not valid; -EIO: it cannot be written. */
    int (*analyze)(void *userdata, const struct api_analysis *asked, uint32_t *ret_run, struct error *err);
    /* Carries out a verb. 0: *ret says how it ended (also when refused). Negative: it could not be carried out (bad
     * version or environment -EINVAL, no such release -ENOENT, configuration bad -ENOEXEC, disk -EIO ...), the error
     * says why. -EAGAIN: what speaks against it may be over in a moment, so the same is to be asked again soon. */
    int (*command)(void *userdata, const struct api_command *command, struct command_result *ret, struct error *err);
    /* What a deploy would do and answer, with the same errors. Nothing changes. */
    int (*plan)(void *userdata, const struct api_command *command, struct api_plan *ret, struct error *err);
};

struct api_server;

/* Listens on RUN_DIR/api.sock (0660, reads and acts) and RUN_DIR/status.sock (0666, reads only). The event loop is an
 * sd_event, here as void * so that the header needs no systemd. */
int api_server_new(void *event, const char *run_dir, const struct api_handler *handler, struct api_server **ret,
                   struct error *err);
struct api_server *api_server_free(struct api_server *server);

/* Tells waiting readers (server-sent events, long polls) that the state may have changed. */
void api_server_changed(struct api_server *server);

#endif
