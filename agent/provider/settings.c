/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provider/settings.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "spec/place.h"

#define ROWS_MAX 32

static bool is_known(const struct setting_row *rows, size_t n, const char *key) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].key, key) == 0)
            return true;
    return false;
}

static int check_keys(const struct setting_row *rows, size_t n, const struct metric_spec *metric, struct error *err) {
    const char *names[ROWS_MAX];
    size_t n_names = 0;
    while (n_names < n && n_names < ROWS_MAX) {
        names[n_names] = rows[n_names].key;
        n_names++;
    }
    for (size_t i = 0; i < metric->n_settings; i++) {
        const struct setting *setting = &metric->settings[i];
        if (!is_known(rows, n, setting->key))
            return error_at(err, setting->file, setting->line, "the provider %s knows no key %s%s", metric->provider,
                            SHOWN(setting->key), DID_YOU_MEAN(setting->key, names, n_names));
    }
    return 0;
}

/* Index of the first setting that counts for a key: the one behind the last that is empty. */
static size_t first_that_counts(const struct metric_spec *metric, const char *key) {
    size_t first = 0;
    for (size_t i = 0; i < metric->n_settings; i++)
        if (strcmp(metric->settings[i].key, key) == 0 && metric->settings[i].value[0] == '\0')
            first = i + 1;
    return first;
}

static int read_row(const struct setting_row *row, const struct metric_spec *metric, bool expanded, void *field,
                    struct error *err) {
    bool given = false;
    for (size_t i = first_that_counts(metric, row->key); i < metric->n_settings; i++) {
        const struct setting *setting = &metric->settings[i];
        if (strcmp(setting->key, row->key) != 0)
            continue;
        given = true;
        if (!expanded && strstr(setting->value, "{{"))
            continue;
        struct error why = {0};
        int r = row->kind(setting->value, field, &why);
        if (r < 0)
            return error_at(err, setting->file, setting->line, "%s=: %s", row->key, why.text);
    }
    if (given)
        return 0;
    if (row->required)
        return error_at(err, metric->file, metric->line, "[Metric %s] needs %s=, as Provider=%s has it", metric->name,
                        row->key, metric->provider);
    return row->fallback ? row->kind(row->fallback, field, err) : 0;
}

int settings_read(const struct setting_row *rows, size_t n, const struct metric_spec *metric, bool expanded,
                  void *fields, struct error *err) {
    int r = check_keys(rows, n, metric, err);
    for (size_t i = 0; i < n && r == 0; i++)
        r = read_row(&rows[i], metric, expanded, (char *)fields + rows[i].offset, err);
    return r;
}

const struct setting *settings_find(const struct metric_spec *metric, const char *key) {
    for (size_t i = metric->n_settings; i-- > 0;)
        if (strcmp(metric->settings[i].key, key) == 0)
            return metric->settings[i].value[0] == '\0' ? NULL : &metric->settings[i];
    return NULL;
}
