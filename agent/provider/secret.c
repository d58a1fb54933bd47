/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provider/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/credential.h"
#include "spec/place.h"

#define OPEN "{{"
#define CREDENTIAL "credential."
#define TEXT_MAX ((size_t)256 * 1024)

/* Reads {{ credential.NAME }} at text; spaces inside the braces don't count. Returns its length, 0 for something else.
 */
static size_t read_placeholder(const char *text, char name[static 256]) {
    const char *start = text + strlen(OPEN) + strspn(text + strlen(OPEN), " ");
    if (strncmp(start, CREDENTIAL, strlen(CREDENTIAL)) != 0)
        return 0;
    start += strlen(CREDENTIAL);
    size_t len = strcspn(start, " }");
    const char *end = start + len + strspn(start + len, " ");
    if (len >= 256 || strncmp(end, "}}", 2) != 0)
        return 0;
    memcpy(name, start, len);
    name[len] = '\0';
    return (size_t)(end + 2 - text);
}

static int reveal_text(const char *text, struct buffer *revealed, struct error *err) {
    for (const char *open; (open = strstr(text, OPEN));) {
        char name[256];
        size_t len = read_placeholder(open, name);
        (void)buffer_append(revealed, text, (size_t)(open - text) + (len > 0 ? 0 : strlen(OPEN)));
        text = open + (len > 0 ? len : strlen(OPEN));
        if (len == 0)
            continue;
        _cleanup_credential_ char *secret = NULL;
        int r = credential_read(name, &secret, err);
        if (r < 0)
            return r;
        (void)buffer_puts(revealed, secret);
    }
    return buffer_puts(revealed, text) < 0 ? error_set(err, revealed->error, "too long with its credentials") : 0;
}

static bool may_be_secret(const struct setting_row *rows, size_t n, const char *key) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].key, key) == 0)
            return rows[i].kind == setting_text || rows[i].kind == setting_url || rows[i].kind == setting_header;
    return false;
}

static int reveal_setting(struct setting *setting, bool may_be, struct error *err) {
    struct buffer revealed = BUFFER(TEXT_MAX);
    const char *text = setting->value;
    int r = 0;
    setting->value = NULL;
    if (may_be)
        r = reveal_text(text, &revealed, err);
    else if (buffer_puts(&revealed, text) < 0)
        r = error_set(err, revealed.error, "the value is too long");
    if (r >= 0)
        r = buffer_take(&revealed, &setting->value, NULL);
    if (r < 0 && revealed.data)
        explicit_bzero(revealed.data, revealed.len);
    buffer_reset(&revealed);
    return r;
}

int metric_reveal(const struct setting_row *rows, size_t n, const struct metric_spec *metric, struct metric_spec *ret,
                  struct error *err) {
    struct metric_spec copy = *metric;
    copy.n_settings = 0;
    copy.settings = calloc(metric->n_settings + 1, sizeof(*copy.settings));
    int r = copy.settings ? 0 : error_set(err, -ENOMEM, "cannot read the metric %s: no memory", metric->name);
    while (r == 0 && copy.n_settings < metric->n_settings) {
        struct setting *setting = &copy.settings[copy.n_settings];
        struct error why = {0};
        *setting = metric->settings[copy.n_settings++];
        r = reveal_setting(setting, may_be_secret(rows, n, setting->key), &why);
        if (r < 0)
            (void)error_at(err, setting->file, setting->line, "%s=: %s", setting->key, why.text);
    }
    if (r < 0)
        metric_conceal(&copy);
    else
        *ret = copy;
    return r;
}

void metric_conceal(struct metric_spec *revealed) {
    for (size_t i = 0; i < revealed->n_settings; i++)
        (void)credential_free(revealed->settings[i].value);
    free(revealed->settings);
    *revealed = (struct metric_spec){0};
}
