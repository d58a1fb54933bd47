/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/haproxy-command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WEIGHT_MAX 256
#define PROMPT "\n> "
#define LINE_LONG 8000 /* half of what HAProxy takes by default (tune.bufsize) */

static int append_order(const struct haproxy_names *names, const struct balancer_seen *last,
                        const struct server_order *order, struct buffer *text) {
    if (order->backend >= names->n_backends || order->color >= COLORS || order->number >= REPLICAS_MAX ||
        order->weight > WEIGHT_MAX)
        return -EINVAL;

    const char *backend = names->backends[order->backend];
    const char *server = names->servers[order->color][order->number];
    const struct server_seen *seen = &last->servers[order->backend][order->color][order->number];

    switch (order->kind) {
    case SERVER_WEIGHT:
        return buffer_printf(text, "set server %s/%s weight %u", backend, server, order->weight);
    case SERVER_ENABLE:
        if (!seen->known)
            return -ENODATA;
        /* Ready shows UP at once, with nothing listening: down until a check says otherwise. Where there is no check
         * HAProxy takes the order too, and then nothing ever brings the server up again. */
        buffer_printf(text, "set server %s/%s weight 0; set server %s/%s state ready", backend, server, backend,
                      server);
        if (seen->checked)
            buffer_printf(text, "; set server %s/%s health down", backend, server);
        return 0;
    case SERVER_MAINT:
        return buffer_printf(text, "set server %s/%s state maint", backend, server);
    case SERVER_SHUTDOWN:
        return buffer_printf(text, "shutdown sessions server %s/%s", backend, server);
    }
    return -EINVAL;
}

int haproxy_command_text(const struct haproxy_names *names, const struct balancer_seen *last,
                         const struct server_order *orders, uint32_t n, const struct haproxy_map_order *map,
                         struct buffer *text) {
    buffer_puts(text, "prompt\n" HAPROXY_SHOW_INFO "\n");
    if (map->order == ROUTES_CLEAR)
        buffer_printf(text, "clear map %s\n", names->route_map);
    size_t line = text->len;
    for (uint32_t i = 0; i < n; i++) {
        bool joined = i + 1 < n && orders[i].kind == SERVER_WEIGHT && orders[i + 1].kind == SERVER_WEIGHT;
        int r = append_order(names, last, &orders[i], text);
        if (r < 0)
            return r;
        if (!joined || text->len - line > LINE_LONG) {
            buffer_puts(text, "\n");
            line = text->len;
        } else
            buffer_puts(text, "; ");
    }
    if (map->order == ROUTES_SET)
        haproxy_map_commands(names->route_map, map->seen, map->wanted, text);
    for (uint32_t i = 0; i < names->n_backends; i++)
        buffer_printf(text, HAPROXY_SHOW_SERVERS "%s\n", names->backends[i]);
    if (*names->route_map)
        buffer_printf(text, HAPROXY_SHOW_MAP "%s\n", names->route_map);
    return buffer_puts(text, HAPROXY_SHOW_STAT "\nquit\n");
}

void haproxy_dialogue_begin(struct haproxy_dialogue *dialogue, const char *commands, char *replies, size_t len) {
    dialogue->commands = commands;
    dialogue->replies = replies;
    dialogue->end = replies + len;
}

static void strip(const char *start, char *end) {
    while (end > start && (end[-1] == '\n' || end[-1] == ' '))
        end--;
    *end = '\0';
}

static size_t command_length(const char *commands) {
    size_t len = 0;
    while (commands[len] && !strchr("\n;", commands[len]))
        len += commands[len] == '\\' && commands[len + 1] ? 2 : 1;
    return len;
}

int haproxy_dialogue_next(struct haproxy_dialogue *dialogue) {
    dialogue->commands += strspn(dialogue->commands, " \n;");
    size_t len = command_length(dialogue->commands);
    (void)snprintf(dialogue->command, sizeof dialogue->command, "%.*s", (int)len, dialogue->commands);
    dialogue->commands += len;
    if (len == 0 || strcmp(dialogue->command, "quit") == 0)
        return 0;

    char *prompt = memmem(dialogue->replies, (size_t)(dialogue->end - dialogue->replies), PROMPT, strlen(PROMPT));
    if (!prompt)
        return -EPROTO;
    dialogue->reply = dialogue->replies;
    dialogue->replies = prompt + strlen(PROMPT);
    strip(dialogue->reply, prompt);
    return 1;
}
