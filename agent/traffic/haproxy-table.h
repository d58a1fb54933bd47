/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HAProxy's tables: a line "# name name ...", then a line for each row, separated by spaces or by commas with CSV's
 * quotes. Columns vary with HAProxy's version, so they are found by name. The text is taken apart in place. */
#ifndef ROLLOUT_TRAFFIC_HAPROXY_TABLE_H
#define ROLLOUT_TRAFFIC_HAPROXY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_COLUMNS_MAX 512 /* what lies beyond is not seen */
#define TABLE_COUNTER_MAX (UINT64_MAX / 16)

struct haproxy_table {
    char *at;
    char separator;
    size_t n_columns, n_fields;
    char *columns[TABLE_COLUMNS_MAX];
    char *fields[TABLE_COLUMNS_MAX]; /* of the current row */
};

/* -EPROTO when there is no header. */
int haproxy_table_begin(struct haproxy_table *table, char *text, char separator);

/* Goes to the next row; false after the last. */
bool haproxy_table_next(struct haproxy_table *table);

/* Number of a column, to be asked once; -ENOENT when this HAProxy does not have it. */
int haproxy_table_column(const struct haproxy_table *table, const char *name);

/* The current row's field; "" when the row is short. */
const char *haproxy_table_field(const struct haproxy_table *table, int column);

/* The same as a number of at most max; 0 for an empty one, -EPROTO for what is none. */
int haproxy_table_number(const struct haproxy_table *table, int column, uint32_t max, uint32_t *ret);

/* The same for HAProxy's counters, up to TABLE_COUNTER_MAX: sums of some of them do not overflow. */
int haproxy_table_counter(const struct haproxy_table *table, int column, uint64_t *ret);

#endif
