/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/haproxy-stats.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/text.h"
#include "traffic/haproxy-command.h"
#include "traffic/haproxy-table.h"

#define SHOW_STAT "show stat "
#define OF_SERVERS " 4 -1"

int haproxy_stats_commands(const struct haproxy_names *names, struct buffer *text) {
    (void)buffer_puts(text, "prompt\n" HAPROXY_SHOW_INFO "\n");
    for (uint32_t i = 0; i < names->n_backends; i++)
        (void)buffer_printf(text, SHOW_STAT "%s" OF_SERVERS "\n", names->backends[i]);
    return buffer_puts(text, "quit\n");
}

/* Adds up columns; those that this HAProxy doesn't have, or doesn't fill in this mode, count nothing. */
static int add_up(const struct haproxy_table *table, const char *const *names, size_t n, uint64_t *ret) {
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t value;
        int r = haproxy_table_counter(table, haproxy_table_column(table, names[i]), &value);
        if (r < 0)
            return r;
        sum += value; /* cannot overflow: see haproxy_table_counter() */
    }
    *ret = sum;
    return 0;
}

#define ADD_UP(table, ret, ...)                       \
    add_up(table, (const char *const[]){__VA_ARGS__}, \
           sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), ret)

static int read_counters(const struct haproxy_table *table, bool http, struct haproxy_counters *ret) {
    uint64_t retries = 0, redispatches = 0;
    int r =
        http ? ADD_UP(table, &ret->requests, "hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other")
             : ADD_UP(table, &ret->requests, "stot");
    if (r >= 0)
        r = ADD_UP(table, &ret->errors, "hrsp_5xx");
    if (r >= 0)
        r = ADD_UP(table, &ret->broken, "eresp");
    if (r >= 0)
        r = ADD_UP(table, &ret->refused, "econ");
    if (r >= 0)
        r = ADD_UP(table, &ret->attempts, "connect", "reuse");
    if (r >= 0)
        r = ADD_UP(table, &retries, "wretr");
    if (r >= 0)
        r = ADD_UP(table, &redispatches, "wredis");
    ret->retried = retries > redispatches ? retries : redispatches; /* one that goes elsewhere may be both */
    return r;
}

static int read_server(const struct haproxy_table *table, struct haproxy_server_stats *ret) {
    struct haproxy_server_stats server = {.known = true};
    server.http = *haproxy_table_field(table, haproxy_table_column(table, "hrsp_2xx")) != '\0';
    int r = read_counters(table, server.http, &server.counters);
    if (r >= 0)
        r = haproxy_table_number(table, haproxy_table_column(table, "qtime"), INT32_MAX, &server.queue_msec);
    if (r >= 0)
        r = haproxy_table_number(table, haproxy_table_column(table, "rtime"), INT32_MAX, &server.response_msec);
    if (r >= 0)
        *ret = server;
    return r;
}

static int read_servers(const struct haproxy_names *names, enum color color, uint32_t backend, char *reply,
                        struct haproxy_stats *stats, struct error *err) {
    struct haproxy_table table;
    if (strncmp(reply, "No such proxy", strlen("No such proxy")) == 0)
        return 0;
    int column = haproxy_table_begin(&table, reply, ',') < 0 ? -EPROTO : haproxy_table_column(&table, "svname");
    if (column < 0)
        return error_set(err, -EPROTO, "\"" SHOW_STAT "%s" OF_SERVERS "\" was answered by no table of servers: %s",
                         names->backends[backend], text_escape((char[80]){0}, 80, reply, strcspn(reply, "\n")));
    while (haproxy_table_next(&table)) {
        struct instance_place place;
        if (haproxy_names_server(names, haproxy_table_field(&table, column), &place) < 0 || place.color != color)
            continue;
        int r = read_server(&table, &stats->servers[backend][place.number]);
        if (r < 0)
            return error_set(err, r, "\"" SHOW_STAT "%s" OF_SERVERS "\" gives a figure that is no number",
                             names->backends[backend]);
    }
    return 0;
}

int haproxy_stats_read(const struct haproxy_names *names, enum color color, const char *commands, char *replies,
                       size_t len, struct haproxy_stats *ret, struct error *err) {
    struct haproxy_dialogue dialogue;
    uint32_t backend = 0;
    haproxy_dialogue_begin(&dialogue, commands, replies, len);
    memset(ret, 0, sizeof *ret);
    int r;
    while ((r = haproxy_dialogue_next(&dialogue)) > 0) {
        if (strcmp(dialogue.command, "prompt") == 0)
            continue;
        if (strcmp(dialogue.command, HAPROXY_SHOW_INFO) == 0)
            r = haproxy_info_read(dialogue.reply, &ret->info, err);
        else
            r = read_servers(names, color, backend++, dialogue.reply, ret, err);
        if (r < 0)
            return r;
    }
    if (r < 0)
        return error_set(err, r, "the connection ended before \"%s\" was answered", dialogue.command);
    return 0;
}

double haproxy_window_mean(uint32_t average_before, uint64_t before, uint32_t average_after, uint64_t after) {
    const double samples = HAPROXY_SAMPLES;
    double held_before = before < HAPROXY_SAMPLES ? (double)before : samples;
    double held_after = after < HAPROXY_SAMPLES ? (double)after : samples;
    double added = held_after - held_before;             /* requests that took nobody's place */
    double replaced = (double)(after - before) - added;  /* and those that did */
    double kept = pow(1 - 1 / samples, replaced);        /* of all that was there before the latter */
    double weight = added * kept + samples * (1 - kept); /* of the requests in between */
    /* What HAProxy sums up; it tells sum / held, rounded up. */
    double most_before = average_before * held_before, least_before = most_before - held_before;
    double most_after = average_after * held_after, least_after = most_after - held_after;
    double least = (least_after - most_before * kept) / weight;
    double most = (most_after - (least_before > 0 ? least_before : 0) * kept) / weight;
    double mean = fmin(fmax(average_after, least), most);
    return mean > 0 ? mean : 0;
}
