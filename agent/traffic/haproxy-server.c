/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/haproxy-server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

/* HAProxy's numbers, the same from 1.7 to 3.x: enum srv_state, enum srv_admin and CHK_ST_ in its sources. */
enum { OP_STOPPED = 0, OP_STARTING = 1 /* slowstart: it serves */, OP_RUNNING = 2 };
enum { ADMIN_FORCED_MAINT = 0x01, ADMIN_CONFIGURED_MAINT = 0x04, ADMIN_MAINT = 0x23, ADMIN_DRAIN = 0x18 };
enum { CHECK_CONFIGURED = 0x02, CHECK_ENABLED = 0x04, CHECK_AGENT = 0x10 };
enum { CHECK_STATUS_NONE_YET = 1 }; /* HCHK_STATUS_INI, what a server has that was never checked */

#define TABLE_VERSION "1\n# "

bool haproxy_is_server_table(const char *reply) {
    return strncmp(reply, TABLE_VERSION, strlen(TABLE_VERSION)) == 0;
}

int haproxy_servers_begin(struct haproxy_server_rows *rows, const struct haproxy_names *names, char *table) {
    if (!haproxy_is_server_table(table) || haproxy_table_begin(&rows->table, table, ' ') < 0)
        return -EPROTO;
    rows->names = names;
    struct server_columns c = {
        .name = haproxy_table_column(&rows->table, "srv_name"),
        .address = haproxy_table_column(&rows->table, "srv_addr"),
        .port = haproxy_table_column(&rows->table, "srv_port"),
        .operational = haproxy_table_column(&rows->table, "srv_op_state"),
        .admin = haproxy_table_column(&rows->table, "srv_admin_state"),
        .weight = haproxy_table_column(&rows->table, "srv_uweight"),
        .unchanged = haproxy_table_column(&rows->table, "srv_time_since_last_change"),
        .check = haproxy_table_column(&rows->table, "srv_check_state"),
    };
    rows->columns = c;
    return c.name < 0 || c.address < 0 || c.port < 0 || c.operational < 0 || c.admin < 0 || c.weight < 0 ||
                   c.unchanged < 0 || c.check < 0
               ? -EPROTO
               : 0;
}

static int read_row(struct haproxy_server_rows *rows) {
    const struct haproxy_table *table = &rows->table;
    const struct server_columns *c = &rows->columns;
    uint32_t operational, admin, weight, unchanged = 0, check, port;
    bool ahead = *haproxy_table_field(table, c->unchanged) == '-'; /* threads' clocks differ: changed just now */
    if (haproxy_table_number(table, c->operational, UINT8_MAX, &operational) < 0 ||
        haproxy_table_number(table, c->admin, UINT16_MAX, &admin) < 0 ||
        haproxy_table_number(table, c->weight, UINT16_MAX, &weight) < 0 ||
        (!ahead && haproxy_table_number(table, c->unchanged, UINT32_MAX, &unchanged) < 0) ||
        haproxy_table_number(table, c->check, UINT16_MAX, &check) < 0 ||
        haproxy_table_number(table, c->port, UINT16_MAX, &port) < 0)
        return -EPROTO;

    bool maint = (admin & ADMIN_MAINT) != 0;
    rows->seen = (struct server_seen){
        .known = true,
        .maint = maint,
        .drain = (admin & ADMIN_DRAIN) != 0,
        .up = !maint && (operational == OP_RUNNING || operational == OP_STARTING),
        .checked = (check & CHECK_CONFIGURED) != 0,
        .weight = (uint16_t)weight,
    };
    rows->unchanged = unchanged * USEC_PER_SEC;
    rows->endpoint = (struct endpoint){0};
    const char *address = haproxy_table_field(table, c->address);
    if (port > 0 && *address && strcmp(address, "-") != 0 &&
        string_copy(rows->endpoint.host, sizeof rows->endpoint.host, address) == 0)
        rows->endpoint.port = (uint16_t)port;
    return 0;
}

int haproxy_servers_next(struct haproxy_server_rows *rows) {
    while (haproxy_table_next(&rows->table)) {
        const char *name = haproxy_table_field(&rows->table, rows->columns.name);
        if (haproxy_names_server(rows->names, name, &rows->place) < 0)
            continue;
        int r = read_row(rows);
        return r < 0 ? r : 1;
    }
    return 0;
}

/* What goes into a column of the file. Mind: HAProxy drops a whole row when its check state has a bit that comes and
 * goes (2.6 itself writes such), tells `disabled` servers by their configured bit, and with a check status of 0 it
 * never heeds a check of that server again. */
static const char *column_text(const char *column, const char *seen, const struct server_wanted *wanted, bool checked,
                               char text[static 16]) {
    unsigned long number = strtoul(seen, NULL, 10);
    if (strcmp(column, "srv_op_state") == 0) /* without a check nothing would bring it up again */
        number = !wanted->maint && (wanted->active || !checked) ? OP_RUNNING : OP_STOPPED;
    else if (strcmp(column, "srv_admin_state") == 0)
        number = (number & ADMIN_CONFIGURED_MAINT) | (wanted->maint ? ADMIN_FORCED_MAINT : 0U);
    else if (strcmp(column, "srv_uweight") == 0)
        number = wanted->weight;
    else if (strcmp(column, "srv_check_state") == 0 || strcmp(column, "srv_agent_state") == 0)
        number &= CHECK_CONFIGURED | CHECK_ENABLED | CHECK_AGENT;
    else if (strcmp(column, "srv_check_status") == 0)
        number = CHECK_STATUS_NONE_YET;
    else if (STR_IN_SET(column, "srv_time_since_last_change", "srv_check_result", "srv_check_health"))
        number = 0;
    else
        return seen;
    (void)snprintf(text, 16, "%u", (unsigned)number);
    return text;
}

int haproxy_servers_write(const struct haproxy_names *names, char *table,
                          const struct server_wanted wanted[COLORS][REPLICAS_MAX], struct buffer *text) {
    struct haproxy_server_rows rows;
    int r = haproxy_servers_begin(&rows, names, table);
    if (r < 0)
        return r;

    buffer_puts(text, TABLE_VERSION);
    for (size_t i = 0; i < rows.table.n_columns; i++)
        buffer_printf(text, "%s%s", i ? " " : "", rows.table.columns[i]);
    while ((r = haproxy_servers_next(&rows)) > 0)
        for (size_t i = 0; i < rows.table.n_columns; i++)
            buffer_printf(text, "%c%s", i ? ' ' : '\n',
                          column_text(rows.table.columns[i], haproxy_table_field(&rows.table, (int)i),
                                      &wanted[rows.place.color][rows.place.number], rows.seen.checked, (char[16]){0}));
    return r < 0 ? r : buffer_puts(text, "\n");
}
