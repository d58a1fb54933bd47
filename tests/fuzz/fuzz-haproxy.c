/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever a stats socket answers: to a whole exchange, then as a table that becomes a state file, and as `show proc`.
 */
#include <assert.h>
#include <stdlib.h>

#include "tests/unit/haproxy-fixture.h"
#include "traffic/haproxy-elders.h"
#include "traffic/haproxy-look.h"
#include "traffic/haproxy-server.h"
#include "traffic/haproxy-stats.h"

/* There is something to change exactly when two maps differ. */
static void read_map(const char *data, size_t size) {
    static const char wanted[] = "(?m)^x-beta:\\x201\\r?$ shop-preview\n^(?:green-1)$ c=7;Path=/;Max-Age=1\n";
    struct haproxy_map_change changes[8];
    _cleanup_buffer_ struct buffer text = BUFFER(1 << 20);
    _cleanup_free_ char *copy = malloc(size + 1);
    if (!copy)
        return;
    memcpy(copy, data, size);
    copy[size] = '\0';
    if (!haproxy_map_read(copy))
        return;
    assert(haproxy_map_equal(copy, wanted) == (haproxy_map_changes(copy, wanted, changes, 8) == 0));
    (void)haproxy_map_commands("/routes.map", copy, wanted, &text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_state(const struct haproxy_names *names, char *table) {
    static const struct server_wanted wanted[COLORS][REPLICAS_MAX] = {[GREEN][0] = {.active = true, .weight = 256}};
    _cleanup_buffer_ struct buffer text = BUFFER(1 << 20);
    struct haproxy_server_rows rows;
    if (haproxy_servers_write(names, table, wanted, &text) < 0)
        return;
    assert(haproxy_servers_begin(&rows, names, text.data) >= 0); /* what we write, we and HAProxy can read */
}

static void read_stats(const struct haproxy_names *names, const char *data, size_t size) {
    static struct haproxy_stats stats;
    _cleanup_buffer_ struct buffer commands = BUFFER(4096);
    _cleanup_free_ char *copy = malloc(size + 1);
    struct error error;
    if (!copy || haproxy_stats_commands(names, &commands) < 0)
        return;
    memcpy(copy, data, size);
    copy[size] = '\0';
    (void)haproxy_stats_read(names, GREEN, buffer_text(&commands), copy, size, &stats, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct haproxy_names names;
    _cleanup_buffer_ struct buffer commands;
    _cleanup_haproxy_look_ struct haproxy_look *look = NULL;
    struct error error;
    fixture_names(&names);
    fixture_commands(&names, &commands);

    char *copy = malloc(size + 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    copy[size] = '\0';
    (void)haproxy_elders_told(copy);
    read_stats(&names, copy, size);
    read_map(copy, size);
    if (haproxy_look(&names, buffer_text(&commands), copy, size, 1000 * USEC_PER_SEC, &look, &error) >= 0)
        for (uint32_t i = 0; i < names.n_backends; i++)
            if (look->tables[i])
                write_state(&names, look->tables[i]);
    free(copy);
    return 0;
}
