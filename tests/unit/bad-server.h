/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An HTTP server on loopback, in a thread, one connection after the other: the first part of the path says how it
 * behaves (see bad-server.c). */
#ifndef ROLLOUT_TESTS_BAD_SERVER_H
#define ROLLOUT_TESTS_BAD_SERVER_H

/* To be read only after the answer. */
extern char bad_server_request[16384];
extern unsigned bad_server_port;

/* Set-up and tear-down of a group of tests. */
int bad_server_start(void **unused);
int bad_server_stop(void **unused);

/* A socket on a free port of loopback, not listening. */
int bind_somewhere(unsigned *ret_port);

#endif
