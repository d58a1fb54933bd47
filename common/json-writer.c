/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/json-writer.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "common/text.h"
#include "common/timestamp.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

static bool failing(const struct json_writer *json) {
    return json->error < 0 || json->text.error < 0;
}

static void fail(struct json_writer *json, int code) {
    if (!failing(json))
        json->error = code;
}

static uint64_t level_bit(const struct json_writer *json) {
    return UINT64_C(1) << (json->depth - 1);
}

static void indent(struct json_writer *json) {
    if (json->pretty)
        (void)buffer_printf(&json->text, "\n%*s", (int)(2 * json->depth), "");
}

static void put_quoted(struct json_writer *json, const char *value, bool exact) {
    (void)buffer_puts(&json->text, "\"");
    size_t len = strlen(value), plain = 0;
    while (plain < len) {
        const char *at = value + plain;
        size_t n = utf8_length(at, len - plain);
        if (n > 1 || (n == 1 && (unsigned char)*at >= 0x20 && *at != '"' && *at != '\\')) {
            plain += n;
            continue;
        }
        /* What needs no escape goes in one piece. */
        (void)buffer_append(&json->text, value, plain);
        if (n == 0) {
            if (exact)
                fail(json, -EILSEQ);
            (void)buffer_puts(&json->text, REPLACEMENT);
        } else if (*at == '"' || *at == '\\') {
            (void)buffer_printf(&json->text, "\\%c", *at);
        } else if (*at == '\n') {
            (void)buffer_puts(&json->text, "\\n");
        } else if (*at == '\t') {
            (void)buffer_puts(&json->text, "\\t");
        } else {
            (void)buffer_printf(&json->text, "\\u%04x", (unsigned char)*at);
        }
        value = at + 1;
        len -= plain + 1;
        plain = 0;
    }
    (void)buffer_append(&json->text, value, len);
    (void)buffer_puts(&json->text, "\"");
}

/* All that stands before a value. False when nothing can be written. */
static bool begin(struct json_writer *json, const char *key) {
    if (failing(json))
        return false;
    (void)string_copy(json->key, sizeof(json->key), key ? key : "");

    bool in_object = json->depth > 0 && !(json->is_array & level_bit(json));
    if (in_object != (key != NULL) || (json->depth == 0 && json->text.len > 0)) {
        fail(json, -EINVAL);
        return false;
    }
    if (json->depth == 0)
        return true;
    if (json->has_items & level_bit(json))
        (void)buffer_puts(&json->text, ",");
    json->has_items |= level_bit(json);
    indent(json);
    if (key) {
        put_quoted(json, key, true);
        (void)buffer_puts(&json->text, json->pretty ? ": " : ":");
    }
    return !failing(json);
}

static void open_container(struct json_writer *json, const char *key, bool is_array) {
    if (!begin(json, key))
        return;
    if (json->depth == JSON_DEPTH_MAX) {
        fail(json, -EINVAL);
        return;
    }
    (void)buffer_puts(&json->text, is_array ? "[" : "{");
    json->depth++;
    json->has_items &= ~level_bit(json);
    json->is_array = is_array ? json->is_array | level_bit(json) : json->is_array & ~level_bit(json);
}

void json_open_object(struct json_writer *json, const char *key) {
    open_container(json, key, false);
}

void json_open_array(struct json_writer *json, const char *key) {
    open_container(json, key, true);
}

void json_close(struct json_writer *json) {
    if (failing(json))
        return;
    if (json->depth == 0) {
        fail(json, -EINVAL);
        return;
    }
    bool is_array = json->is_array & level_bit(json), has_items = json->has_items & level_bit(json);
    json->depth--;
    if (has_items)
        indent(json);
    (void)buffer_puts(&json->text, is_array ? "]" : "}");
}

void json_put_null(struct json_writer *json, const char *key) {
    if (begin(json, key))
        (void)buffer_puts(&json->text, "null");
}

void json_put_string(struct json_writer *json, const char *key, const char *value) {
    if (!value)
        json_put_null(json, key);
    else if (begin(json, key))
        put_quoted(json, value, true);
}

void json_put_text(struct json_writer *json, const char *key, const char *value) {
    if (!value)
        json_put_null(json, key);
    else if (begin(json, key))
        put_quoted(json, value, false);
}

void json_put_bool(struct json_writer *json, const char *key, bool value) {
    if (begin(json, key))
        (void)buffer_puts(&json->text, value ? "true" : "false");
}

void json_put_u32(struct json_writer *json, const char *key, uint32_t value) {
    json_put_i64(json, key, value);
}

void json_put_i64(struct json_writer *json, const char *key, int64_t value) {
    if (!begin(json, key))
        return;
    if (value < -JSON_INTEGER_MAX || value > JSON_INTEGER_MAX)
        fail(json, -ERANGE);
    (void)buffer_printf(&json->text, "%" PRIi64, value);
}

void json_put_double(struct json_writer *json, const char *key, double value) {
    if (!isfinite(value)) {
        json_put_null(json, key);
        return;
    }
    if (!begin(json, key))
        return;
    /* The short form where it reads back as the same number. */
    char number[32];
    (void)snprintf(number, sizeof(number), "%.15g", value);
    if (strtod(number, NULL) < value || strtod(number, NULL) > value)
        (void)snprintf(number, sizeof(number), "%.17g", value);
    (void)buffer_puts(&json->text, number);
}

void json_put_usec(struct json_writer *json, const char *key, usec_t value) {
    if (value == USEC_INFINITY)
        json_put_null(json, key);
    else
        json_put_i64(json, key, value);
}

void json_put_time(struct json_writer *json, const char *key, usec_t wall) {
    json_put_string(json, key, wall == USEC_INFINITY ? NULL : FORMAT_TIMESTAMP(wall));
}

static void put_number(struct json_writer *json, const char *key, double value) {
    if (fabs(value) <= (double)JSON_INTEGER_MAX && value == trunc(value))
        json_put_i64(json, key, (int64_t)value);
    else
        json_put_double(json, key, value);
}

void json_put_value(struct json_writer *json, const char *key, const cJSON *value) {
    if (cJSON_IsObject(value) || cJSON_IsArray(value)) {
        open_container(json, key, cJSON_IsArray(value));
        for (const cJSON *child = value->child; child && !failing(json); child = child->next)
            json_put_value(json, cJSON_IsArray(value) ? NULL : child->string, child);
        json_close(json);
    } else if (cJSON_IsString(value)) {
        json_put_string(json, key, value->valuestring);
    } else if (cJSON_IsNumber(value)) {
        put_number(json, key, value->valuedouble);
    } else if (cJSON_IsBool(value)) {
        json_put_bool(json, key, cJSON_IsTrue(value));
    } else {
        json_put_null(json, key);
    }
}

static const char *explain(int code) {
    switch (code) {
    case -ENOBUFS:
        return "the document is larger than allowed";
    case -EILSEQ:
        return "the text is not UTF-8";
    case -ERANGE:
        return "the number is larger than JSON keeps exactly";
    case -EINVAL:
        return "keys, opens and closes do not match";
    default:
        return strerror(-code);
    }
}

int json_finish(struct json_writer *json, char **ret_text, size_t *ret_len, struct error *err) {
    if (json->depth > 0 || json->text.len == 0)
        fail(json, -EINVAL);
    if (!failing(json) && json->pretty)
        (void)buffer_puts(&json->text, "\n");

    int r = json->error;
    if (r == 0)
        r = buffer_take(&json->text, ret_text, ret_len);
    if (r < 0)
        return error_set(err, r, "cannot write JSON%s%s: %s", json->key[0] ? " at " : "", json->key, explain(r));
    return 0;
}

int json_print(const cJSON *value, bool pretty, char **ret_text, struct error *err) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(SIZE_MAX / 4);
    json.pretty = pretty;
    json_put_value(&json, NULL, value);
    return json_finish(&json, ret_text, NULL, err);
}
