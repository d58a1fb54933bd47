/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/haproxy-table.h"

#include <errno.h>
#include <string.h>

/* Takes one field off the text, quotes undone, and says what ended it: the separator, '\n' or 0. */
static char take_field(char **at, char separator, char **ret_field) {
    char *from = *at, *to = *at;
    bool quoted = separator == ',' && *from == '"';
    from += quoted;
    *ret_field = to;
    while (*from) {
        if (quoted && *from == '"') {
            from++;
            quoted = *from == '"'; /* a doubled quote is one, a single one the end */
            if (!quoted)
                continue;
        } else if (!quoted && (*from == separator || *from == '\n')) {
            break;
        }
        *to++ = *from++;
    }
    char end = *from;
    *at = end ? from + 1 : from;
    *to = '\0';
    return end;
}

static size_t take_line(char **at, char separator, char *fields[static TABLE_COLUMNS_MAX]) {
    size_t n = 0;
    for (char end = separator; end == separator;) {
        char *field;
        end = take_field(at, separator, &field);
        if (n < TABLE_COLUMNS_MAX)
            fields[n++] = field;
    }
    return n;
}

int haproxy_table_begin(struct haproxy_table *table, char *text, char separator) {
    char *header = strncmp(text, "# ", 2) == 0 ? text : strstr(text, "\n# ");
    if (!header)
        return -EPROTO;
    header += strspn(header, "\n# ");
    table->separator = separator;
    table->at = header;
    table->n_columns = take_line(&table->at, separator, table->columns);
    table->n_fields = 0;
    return 0;
}

bool haproxy_table_next(struct haproxy_table *table) {
    table->at += strspn(table->at, "\n");
    if (!*table->at)
        return false;
    table->n_fields = take_line(&table->at, table->separator, table->fields);
    return true;
}

int haproxy_table_column(const struct haproxy_table *table, const char *name) {
    for (size_t i = 0; i < table->n_columns; i++)
        if (strcmp(table->columns[i], name) == 0)
            return (int)i;
    return -ENOENT;
}

const char *haproxy_table_field(const struct haproxy_table *table, int column) {
    return column >= 0 && (size_t)column < table->n_fields ? table->fields[column] : "";
}

static int read_number(const char *digits, uint64_t max, uint64_t *ret) {
    uint64_t number = 0;
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9')
            return -EPROTO;
        number = number * 10 + (uint64_t)(*digits - '0');
        if (number > max)
            return -EPROTO;
    }
    *ret = number;
    return 0;
}

int haproxy_table_number(const struct haproxy_table *table, int column, uint32_t max, uint32_t *ret) {
    uint64_t number;
    int r = read_number(haproxy_table_field(table, column), max, &number);
    if (r >= 0)
        *ret = (uint32_t)number;
    return r;
}

int haproxy_table_counter(const struct haproxy_table *table, int column, uint64_t *ret) {
    return read_number(haproxy_table_field(table, column), TABLE_COUNTER_MAX, ret);
}
