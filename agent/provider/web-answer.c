/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provider/web-answer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/jsonpath.h"
#include "analysis/value.h"
#include "common/json-writer.h"
#include "common/text.h"

#define WHITE " \t\r\n"

/* Text is a value too: as a string, without the white space around it. */
static int quote(const char *text, size_t len, char **ret, struct error *err) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(VALUE_TEXT_MAX);
    _cleanup_free_ char *copy = NULL;
    if (memchr(text, '\0', len) || !utf8_valid(text, len))
        return error_set(err, -EBADMSG, "the answer is neither JSON nor text");
    copy = strndup(text, len);
    if (!copy)
        return error_set(err, -ENOMEM, "cannot read the answer: no memory");
    json_put_string(&json, NULL, copy);
    int r = json_finish(&json, ret, NULL, NULL);
    if (r == -ENOBUFS)
        return error_set(err, -E2BIG, "the answer is longer than %zu bytes", VALUE_TEXT_MAX);
    return r < 0 ? error_set(err, r, "cannot read the answer: %s", strerror(-r)) : 0;
}

static int keep(const char *text, char **ret, struct error *err) {
    char *copy = strdup(text);
    if (!copy)
        return error_set(err, -ENOMEM, "cannot read the answer: no memory");
    *ret = copy;
    return 0;
}

static int select_nodes(struct arena *arena, const char *path, const struct value *document, char **ret,
                        struct error *err) {
    struct jsonpath compiled;
    struct value value;
    const char *text;
    int r = jsonpath_compile(arena, path, &compiled, NULL, err);
    if (r >= 0)
        r = jsonpath_evaluate(arena, &compiled, document, &value, err);
    if (r >= 0)
        r = value_write(arena, &value, &text, err);
    return r < 0 ? r : keep(text, ret, err);
}

int web_answer(const char *body, size_t len, const char *path, char **ret_value, struct error *err) {
    ARENA(arena);
    struct value value;
    struct error why = {0};
    while (len > 0 && strchr(WHITE, body[len - 1]))
        len--;
    size_t blank = strspn(body, WHITE);
    body += blank < len ? blank : len;
    len -= blank < len ? blank : len;

    bool whole = memchr(body, '\0', len) == NULL; /* value_read() sees a string */
    _cleanup_free_ char *text = strndup(body, len);
    if (!text)
        return error_set(err, -ENOMEM, "cannot read the answer: no memory");
    int r = whole && len > 0 ? value_read(&arena, text, &value, &why) : -EINVAL;
    if (r >= 0)
        return path ? select_nodes(&arena, path, &value, ret_value, err) : keep(text, ret_value, err);
    if (!path && !(len > 0 && strchr("{[", *body)))
        return quote(body, len, ret_value, err);
    if (len == 0 || !whole)
        return error_set(err, -EBADMSG, "the answer %s", len == 0 ? "is empty, expected JSON" : "holds NUL bytes");
    return error_set(err, r == -E2BIG ? r : -EBADMSG, "%s", why.text);
}
