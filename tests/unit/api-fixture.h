/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of the control API: the real server on real sockets with a fake agent behind it, and a client in the same
 * thread. */
#ifndef ROLLOUT_TESTS_API_FIXTURE_H
#define ROLLOUT_TESTS_API_FIXTURE_H

#include <systemd/sd-event.h>

#include "common/json.h"
#include "fake-agent.h"

extern char folder[64]; /* of the sockets */
extern struct fake_agent fake;
extern struct api_server *server;
extern sd_event *event;
extern char answer[256 * 1024]; /* the last one, headers and body */

/* Set-up and tear-down of each test. */
int enter(void **unused);
int leave(void **unused);

usec_t now(void);
void run_loop(usec_t span);

/* A connection; text that goes in; what comes out until the other side ends, or until UNTIL was read. */
int begin(const char *name);
void say(int fd, const char *text, size_t len);
void hear(int fd, const char *until, char *buffer, size_t size);
bool hung_up(int fd);

/* A whole request; returns the status, 0 when there was none. */
int ask_raw(const char *name, const char *text, size_t len);
int ask(const char *name, const char *method, const char *path, const char *body);
const char *body_of(void);
cJSON *document_of(void);

#endif
