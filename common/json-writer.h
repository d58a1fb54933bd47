/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing JSON straight to text. The first failure sticks, so a document is written in one go and checked once:
 *     _cleanup_json_writer_ struct json_writer json = JSON_WRITER(64 * 1024);
 *     json_open_object(&json, NULL);
 *     json_put_string(&json, "app", app);
 *     json_open_array(&json, "steps");
 *     json_put_u32(&json, NULL, 7);
 *     json_close(&json);
 *     json_close(&json);
 *     return json_finish(&json, &text, &len, err);
 * A key is given inside an object, NULL inside an array and for the document itself. */
#ifndef ROLLOUT_COMMON_JSON_WRITER_H
#define ROLLOUT_COMMON_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/json.h"

struct json_writer {
    struct buffer text;
    bool pretty; /* two spaces per level and a newline at the end */
    unsigned depth;
    uint64_t is_array; /* bit per level */
    uint64_t has_items;
    int error;
    char key[64]; /* where it went wrong */
};

/* bound: largest size of the text, in bytes. */
#define JSON_WRITER(bound) ((struct json_writer){.text = BUFFER(bound)})
#define JSON_WRITER_PRETTY(bound) ((struct json_writer){.text = BUFFER(bound), .pretty = true})

void json_open_object(struct json_writer *json, const char *key);
void json_open_array(struct json_writer *json, const char *key);
void json_close(struct json_writer *json);

/* NULL writes null. The value must be UTF-8, or the document fails with -EILSEQ: for what must be read back exactly. */
void json_put_string(struct json_writer *json, const char *key, const char *value);

/* The same for messages from anywhere: bytes that are not UTF-8 become U+FFFD. */
void json_put_text(struct json_writer *json, const char *key, const char *value);

void json_put_bool(struct json_writer *json, const char *key, bool value);
void json_put_u32(struct json_writer *json, const char *key, uint32_t value);
void json_put_i64(struct json_writer *json, const char *key, int64_t value);   /* beyond +-JSON_INTEGER_MAX: -ERANGE */
void json_put_double(struct json_writer *json, const char *key, double value); /* NaN and infinity write null */
void json_put_usec(struct json_writer *json, const char *key, usec_t value);   /* USEC_INFINITY writes null */
void json_put_time(struct json_writer *json, const char *key, usec_t wall);    /* RFC 3339; USEC_INFINITY writes null */
void json_put_null(struct json_writer *json, const char *key);

/* A copy of a parsed value. */
void json_put_value(struct json_writer *json, const char *key, const cJSON *value);

/* Ends the document and hands its text to the caller, who frees it; ret_len may be NULL. -ENOBUFS when it is larger
 * than the bound, -ENOMEM, -EILSEQ, -ERANGE, or -EINVAL when keys or ends do not match what was opened. */
int json_finish(struct json_writer *json, char **ret_text, size_t *ret_len, struct error *err);

/* One parsed value as text, which the caller frees. */
int json_print(const cJSON *value, bool pretty, char **ret_text, struct error *err);

static inline void json_writer_cleanup(struct json_writer *json) {
    buffer_reset(&json->text);
}

#define _cleanup_json_writer_ _cleanup_(json_writer_cleanup)

#endif
