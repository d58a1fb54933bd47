/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/json.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/buffer.h"
#include "common/json-syntax.h"
#include "common/text.h"

#define PATH_TEXT_MAX 256

/* An object or array keeps its parent in valuedouble, which cJSON uses for numbers only: so every error can say the
 * whole path of its field, and no caller has to carry it along. */
static void set_parent(cJSON *container, const cJSON *parent) {
    static_assert(sizeof(void *) <= sizeof(container->valuedouble), "a pointer fits a double");
    memcpy(&container->valuedouble, &parent, sizeof(void *));
}

static const cJSON *get_parent(const cJSON *container) {
    const cJSON *parent;
    memcpy(&parent, &container->valuedouble, sizeof(void *));
    return parent;
}

static void append_key(struct buffer *path, const char *key) {
    char safe[80];
    (void)buffer_printf(path, "%s%s", path->len > 0 ? "." : "", text_escape(safe, sizeof(safe), key, strlen(key)));
}

static void append_path(struct buffer *path, const cJSON *container) {
    const cJSON *parent = get_parent(container);
    if (!parent)
        return;
    append_path(path, parent);
    if (cJSON_IsArray(parent)) {
        size_t at = 0;
        for (const cJSON *item = parent->child; item && item != container; item = item->next)
            at++;
        (void)buffer_printf(path, "[%zu]", at);
    } else {
        append_key(path, container->string);
    }
}

int(json_error)(const cJSON *object, const char *key, struct error *err, int code, const char *format, ...) {
    _cleanup_buffer_ struct buffer path = BUFFER(PATH_TEXT_MAX);
    if (cJSON_IsObject(object) || cJSON_IsArray(object)) /* no other value knows its parent */
        append_path(&path, object);
    if (key)
        append_key(&path, key);

    char text[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return error_set(err, code, "%s: %s", path.len > 0 ? buffer_text(&path) : "the document", text);
}

static int compare_keys(const void *a, const void *b) {
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

static int check_duplicates(const cJSON *object, struct error *err) {
    size_t n = (size_t)cJSON_GetArraySize(object), i = 0;
    if (n < 2)
        return 0;
    _cleanup_free_ const cJSON **members = calloc(n, sizeof(void *));
    if (!members)
        return error_set(err, -ENOMEM, "cannot read JSON: no memory");
    json_for_each(member, object) members[i++] = member;
    qsort(members, n, sizeof(void *), compare_keys);
    for (i = 1; i < n; i++)
        if (strcmp(members[i - 1]->string, members[i]->string) == 0)
            return json_error(object, members[i]->string, err, -EINVAL, "the key is there twice");
    return 0;
}

/* What the syntax alone does not tell; and links to parents. Depth is bounded by the syntax check. */
static int check_tree(cJSON *value, const cJSON *parent, struct error *err) {
    if (cJSON_IsNumber(value) && !isfinite(value->valuedouble))
        return json_error(parent, value->string, err, -EINVAL, "the number is too large");
    if (!cJSON_IsObject(value) && !cJSON_IsArray(value))
        return 0;

    set_parent(value, parent);
    int r = cJSON_IsObject(value) ? check_duplicates(value, err) : 0;
    for (cJSON *child = value->child; child && r == 0; child = child->next)
        r = check_tree(child, value, err);
    return r;
}

int json_parse(const char *text, size_t len, cJSON **ret, struct error *err) {
    int r = json_check_syntax(text, len, err);
    if (r < 0)
        return r;
    _cleanup_json_ cJSON *document = cJSON_ParseWithLength(text, len);
    if (!document)
        return error_set(err, -ENOMEM, "cannot read JSON: no memory");
    r = check_tree(document, NULL, err);
    if (r < 0)
        return r;
    *ret = take_pointer(document);
    return 0;
}

static const char *type_name(const cJSON *value) {
    return cJSON_IsObject(value)   ? "an object"
           : cJSON_IsArray(value)  ? "an array"
           : cJSON_IsString(value) ? "a string"
           : cJSON_IsNumber(value) ? "a number"
           : cJSON_IsBool(value)   ? "a boolean"
                                   : "null";
}

/* The field, of whatever type. */
static int find(const cJSON *object, const char *key, const char *expected, const cJSON **ret, struct error *err) {
    if (!cJSON_IsObject(object))
        return json_error(object, NULL, err, -EINVAL, "expected an object with \"%s\", found %s", key,
                          type_name(object));
    *ret = cJSON_GetObjectItemCaseSensitive(object, key);
    return *ret ? 0 : json_error(object, key, err, -ENOENT, "missing, expected %s", expected);
}

static int find_typed(const cJSON *object, const char *key, cJSON_bool (*is_type)(const cJSON *), const char *expected,
                      const cJSON **ret, struct error *err) {
    const cJSON *value;
    int r = find(object, key, expected, &value, err);
    if (r < 0)
        return r;
    if (!is_type(value))
        return json_error(object, key, err, -EINVAL, "expected %s, found %s", expected, type_name(value));
    *ret = value;
    return 0;
}

int json_get_object(const cJSON *object, const char *key, const cJSON **ret, struct error *err) {
    return find_typed(object, key, cJSON_IsObject, "an object", ret, err);
}

int json_get_array(const cJSON *object, const char *key, const cJSON **ret, struct error *err) {
    return find_typed(object, key, cJSON_IsArray, "an array", ret, err);
}

int json_get_string(const cJSON *object, const char *key, const char **ret, struct error *err) {
    const cJSON *value = NULL;
    int r = find_typed(object, key, cJSON_IsString, "a string", &value, err);
    if (r == 0)
        *ret = value->valuestring;
    return r;
}

int json_copy_string(const cJSON *object, const char *key, char *buffer, size_t size, struct error *err) {
    const char *text = NULL;
    int r = json_get_string(object, key, &text, err);
    if (r < 0)
        return r;
    if (strlen(text) >= size)
        return json_error(object, key, err, -ENOSPC, "too long, expected at most %zu bytes", size - 1);
    return string_copy(buffer, size, text);
}

int json_get_bool(const cJSON *object, const char *key, bool *ret, struct error *err) {
    const cJSON *value = NULL;
    int r = find_typed(object, key, cJSON_IsBool, "true or false", &value, err);
    if (r == 0)
        *ret = cJSON_IsTrue(value);
    return r;
}

int json_get_double(const cJSON *object, const char *key, double *ret, struct error *err) {
    const cJSON *value = NULL;
    int r = find_typed(object, key, cJSON_IsNumber, "a number", &value, err);
    if (r == 0)
        *ret = value->valuedouble;
    return r;
}

static int get_integer(const cJSON *object, const char *key, int64_t min, int64_t max, int64_t *ret,
                       struct error *err) {
    const cJSON *value = NULL;
    int r = find_typed(object, key, cJSON_IsNumber, "a whole number", &value, err);
    if (r < 0)
        return r;
    double number = value->valuedouble;
    if (number < (double)min || number > (double)max)
        return json_error(object, key, err, -ERANGE, "%.17g is out of range, expected a whole number from %jd to %jd",
                          number, (intmax_t)min, (intmax_t)max);
    if (number != trunc(number))
        return json_error(object, key, err, -EINVAL, "expected a whole number, found %.17g", number);
    *ret = (int64_t)number;
    return 0;
}

int json_get_i64(const cJSON *object, const char *key, int64_t *ret, struct error *err) {
    return get_integer(object, key, -JSON_INTEGER_MAX, JSON_INTEGER_MAX, ret, err);
}

int json_get_u32(const cJSON *object, const char *key, uint32_t *ret, struct error *err) {
    int64_t value;
    int r = get_integer(object, key, 0, UINT32_MAX, &value, err);
    if (r == 0)
        *ret = (uint32_t)value;
    return r;
}

int json_get_usec(const cJSON *object, const char *key, usec_t *ret, struct error *err) {
    const cJSON *value;
    int r = find(object, key, "microseconds or null", &value, err);
    if (r < 0)
        return r;
    if (!cJSON_IsNull(value))
        return json_get_i64(object, key, ret, err);
    *ret = USEC_INFINITY;
    return 0;
}

static bool is_absent(const cJSON *object, const char *key) {
    if (!cJSON_IsObject(object))
        return false; /* the getter says what is wrong */
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return !value || cJSON_IsNull(value);
}

#define DEFINE_OPTIONAL(name, type)                                                           \
    int json_opt_##name(const cJSON *object, const char *key, type *ret, struct error *err) { \
        if (is_absent(object, key))                                                           \
            return 0;                                                                         \
        int r = json_get_##name(object, key, ret, err);                                       \
        return r < 0 ? r : 1;                                                                 \
    }

DEFINE_OPTIONAL(object, const cJSON *)
DEFINE_OPTIONAL(array, const cJSON *)
DEFINE_OPTIONAL(string, const char *)
DEFINE_OPTIONAL(bool, bool)
DEFINE_OPTIONAL(u32, uint32_t)
DEFINE_OPTIONAL(double, double)

int json_opt_copy_string(const cJSON *object, const char *key, char *buffer, size_t size, struct error *err) {
    if (is_absent(object, key))
        return 0;
    int r = json_copy_string(object, key, buffer, size, err);
    return r < 0 ? r : 1;
}

int json_known_keys(const cJSON *object, const char *const *known, size_t n, struct error *err) {
    json_for_each(member, object) {
        if (str_in_set(member->string, known, n))
            continue;
        const char *meant = nearest(member->string, known, n);
        return json_error(object, member->string, err, -EINVAL, "unknown field%s%s%s", meant ? ", did you mean \"" : "",
                          meant ? meant : "", meant ? "\"?" : "");
    }
    return 0;
}
