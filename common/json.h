/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading JSON, strictly: cJSON holds the document, but what it would take in silence is refused here: text after the
 * document, numbers like 01, bad UTF-8, \u0000, lone surrogates, duplicate keys, numbers no double holds, deep nesting.
 * Keys are compared exactly. Errors name the field by its path in the document: slot[1].version.
 *
 * Getters take an object that json_parse() made and a key of it. Subtrees stay where they are: do not detach, duplicate
 * or change them. What they return lives as long as the document. */
#ifndef ROLLOUT_COMMON_JSON_H
#define ROLLOUT_COMMON_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/time.h"

#define JSON_DEPTH_MAX 64

/* Whole numbers are exact up to here: larger ones may have been rounded while they were read. */
#define JSON_INTEGER_MAX (((int64_t)1 << 53) - 1)

/* Parses len bytes (no NUL needed behind them). The caller frees *ret with cJSON_Delete() or _cleanup_json_. -EINVAL
 * for what is no strict JSON, with line and column; -ENOMEM. */
int json_parse(const char *text, size_t len, cJSON **ret, struct error *err);

/* The field must be there and be of the type. -ENOENT when it is missing, -EINVAL when it is something else (null too),
 * -ERANGE when a number does not fit, -ENOSPC when a string does not fit the buffer. */
int json_get_object(const cJSON *object, const char *key, const cJSON **ret, struct error *err);
int json_get_array(const cJSON *object, const char *key, const cJSON **ret, struct error *err);
int json_get_string(const cJSON *object, const char *key, const char **ret, struct error *err);
int json_get_bool(const cJSON *object, const char *key, bool *ret, struct error *err);
int json_get_u32(const cJSON *object, const char *key, uint32_t *ret, struct error *err);
int json_get_i64(const cJSON *object, const char *key, int64_t *ret, struct error *err); /* +-JSON_INTEGER_MAX */
int json_get_double(const cJSON *object, const char *key, double *ret, struct error *err);
int json_get_usec(const cJSON *object, const char *key, usec_t *ret, struct error *err); /* null: USEC_INFINITY */

/* Copies the string into buffer of size bytes; buffer is untouched on failure. */
int json_copy_string(const cJSON *object, const char *key, char *buffer, size_t size, struct error *err);

/* The same for a field that may be missing or null: then *ret is left as it was (so set the default before) and 0 is
 * returned; 1 when the field was there. */
int json_opt_object(const cJSON *object, const char *key, const cJSON **ret, struct error *err);
int json_opt_array(const cJSON *object, const char *key, const cJSON **ret, struct error *err);
int json_opt_string(const cJSON *object, const char *key, const char **ret, struct error *err);
int json_opt_bool(const cJSON *object, const char *key, bool *ret, struct error *err);
int json_opt_u32(const cJSON *object, const char *key, uint32_t *ret, struct error *err);
int json_opt_double(const cJSON *object, const char *key, double *ret, struct error *err);
int json_opt_copy_string(const cJSON *object, const char *key, char *buffer, size_t size, struct error *err);

/* For an error of the caller's own about a field: "slot[1].version: EXPLANATION". Returns code. */
int json_error(const cJSON *object, const char *key, struct error *err, int code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#ifdef __clang_analyzer__ /* as for error_set() */
#define json_error(object, key, err, code, ...)                         \
    __extension__({                                                     \
        const int _code = (code);                                       \
        (void)(json_error)((object), (key), (err), _code, __VA_ARGS__); \
        _code;                                                          \
    })
#endif

/* Refuses an object that has a key other than the n known ones. -EINVAL, with "did you mean". */
int json_known_keys(const cJSON *object, const char *const *known, size_t n, struct error *err);

/* Goes through the elements of an array or the members of an object: json_for_each(item, array) { ... } */
#define json_for_each(item, container) \
    for (const cJSON *item = (container) ? (container)->child : NULL; item; item = item->next)

static inline void json_cleanup(cJSON **place) {
    cJSON_Delete(*place);
}

#define _cleanup_json_ _cleanup_(json_cleanup)

#endif
