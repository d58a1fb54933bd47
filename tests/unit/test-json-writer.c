/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/json-writer.h"

static void must_be(struct json_writer *json, const char *expected) {
    _cleanup_free_ char *text = NULL;
    size_t len = 0;
    struct error err = {0};
    if (json_finish(json, &text, &len, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(text, expected);
    assert_int_equal(len, strlen(expected));

    cJSON *back = NULL;
    assert_int_equal(json_parse(text, len, &back, NULL), 0);
    cJSON_Delete(back);
}

static void write_all_types(struct json_writer *json) {
    json_open_object(json, NULL);
    json_put_string(json, "s", "a\"\\\n\t\x01é");
    json_put_string(json, "none", NULL);
    json_open_array(json, "list");
    json_put_u32(json, NULL, UINT32_MAX);
    json_put_i64(json, NULL, -JSON_INTEGER_MAX);
    json_put_bool(json, NULL, false);
    json_open_object(json, NULL);
    json_close(json);
    json_open_array(json, NULL);
    json_close(json);
    json_close(json);
    json_put_usec(json, "wall", INT64_C(1790000000000000));
    json_put_usec(json, "never", USEC_INFINITY);
    json_put_time(json, "at", INT64_C(1795428000123000));
    json_close(json);
}

static void writes_compactly(void **state) {
    struct json_writer json = JSON_WRITER(1000);
    write_all_types(&json);
    must_be(&json, "{\"s\":\"a\\\"\\\\\\n\\t\\u0001é\",\"none\":null,"
                   "\"list\":[4294967295,-9007199254740991,false,{},[]],"
                   "\"wall\":1790000000000000,\"never\":null,\"at\":\"2026-11-23T10:00:00.123Z\"}");
}

static void writes_prettily(void **state) {
    struct json_writer json = JSON_WRITER_PRETTY(1000);
    json_open_object(&json, NULL);
    json_open_array(&json, "list");
    json_put_u32(&json, NULL, 1);
    json_put_u32(&json, NULL, 2);
    json_close(&json);
    json_open_object(&json, "empty");
    json_close(&json);
    json_close(&json);
    must_be(&json, "{\n  \"list\": [\n    1,\n    2\n  ],\n  \"empty\": {}\n}\n");
}

static void writes_numbers_shortly_and_exactly(void **state) {
    static const double numbers[] = {20, 0.1, 1.0 / 3, 1e300, 5e-324, 1234567890123456.75};
    struct json_writer json = JSON_WRITER(1000);
    json_open_array(&json, NULL);
    for (size_t i = 0; i < 6; i++)
        json_put_double(&json, NULL, numbers[i]);
    json_put_double(&json, NULL, NAN);
    json_put_double(&json, NULL, -INFINITY);
    json_close(&json);

    _cleanup_free_ char *text = NULL;
    assert_int_equal(json_finish(&json, &text, NULL, NULL), 0);
    assert_non_null(strstr(text, "[20,0.1,0.33333333333333331,"));
    assert_non_null(strstr(text, ",null,null]"));
    _cleanup_json_ cJSON *back = NULL;
    assert_int_equal(json_parse(text, strlen(text), &back, NULL), 0);
    size_t i = 0;
    json_for_each(item, back) {
        if (i < 6)
            assert_memory_equal(&item->valuedouble, &numbers[i], sizeof(double));
        i++;
    }
    assert_int_equal(i, 8);
}

static void copies_parsed_values(void **state) {
    static const char text[] = "{\"a\":[1,2.5,\"x\",true,null,{\"b\":{}}],\"wall\":1790000000000000}";
    _cleanup_json_ cJSON *document = NULL;
    assert_int_equal(json_parse(text, strlen(text), &document, NULL), 0);
    _cleanup_free_ char *compact = NULL, *pretty = NULL;
    assert_int_equal(json_print(document, false, &compact, NULL), 0);
    assert_string_equal(compact, text);
    assert_int_equal(json_print(document->child->child->next, true, &pretty, NULL), 0);
    assert_string_equal(pretty, "2.5\n");
}

static void must_fail(struct json_writer *json, int code, const char *says) {
    char *text = NULL;
    struct error err = {0};
    assert_int_equal(json_finish(json, &text, NULL, &err), code);
    assert_null(text);
    assert_string_equal(err.text, says);
    json_writer_cleanup(json);
}

static void bad_bytes(void **state) {
    struct json_writer json = JSON_WRITER(100);
    json_open_object(&json, NULL);
    json_put_text(&json, "message", "a\xFFz\xC3");
    json_close(&json);
    must_be(&json, "{\"message\":\"a\xEF\xBF\xBDz\xEF\xBF\xBD\"}");

    json = JSON_WRITER(100);
    json_open_object(&json, NULL);
    json_put_string(&json, "version", "a\xFFz");
    json_put_string(&json, "later", "fine");
    json_close(&json);
    must_fail(&json, -EILSEQ, "cannot write JSON at version: the text is not UTF-8");
}

static void too_large(void **state) {
    struct json_writer json = JSON_WRITER(10);
    json_open_object(&json, NULL);
    json_put_string(&json, "text", "0123456789");
    json_put_u32(&json, "n", 1);
    json_close(&json);
    must_fail(&json, -ENOBUFS, "cannot write JSON at text: the document is larger than allowed");

    json = JSON_WRITER(100);
    json_put_i64(&json, NULL, JSON_INTEGER_MAX + 1);
    must_fail(&json, -ERANGE, "cannot write JSON: the number is larger than JSON keeps exactly");
}

static void wrong_use_is_noticed(void **state) {
    static const char odd[] = "cannot write JSON: keys, opens and closes do not match";
    struct json_writer json = JSON_WRITER(1000);
    must_fail(&json, -EINVAL, odd); /* nothing */
    json = JSON_WRITER(1000);
    json_open_object(&json, NULL);
    must_fail(&json, -EINVAL, odd); /* not closed */
    json = JSON_WRITER(1000);
    json_close(&json);
    must_fail(&json, -EINVAL, odd);
    json = JSON_WRITER(1000);
    json_put_u32(&json, NULL, 1);
    json_put_u32(&json, NULL, 2);
    must_fail(&json, -EINVAL, odd); /* two documents */
    json = JSON_WRITER(1000);
    json_open_object(&json, NULL);
    json_put_u32(&json, NULL, 1);
    json_close(&json);
    must_fail(&json, -EINVAL, odd); /* a member without its key */
    json = JSON_WRITER(1000);
    json_open_array(&json, NULL);
    json_put_u32(&json, "key", 1);
    json_close(&json);
    must_fail(&json, -EINVAL, "cannot write JSON at key: keys, opens and closes do not match");
    json = JSON_WRITER(1000);
    for (int i = 0; i < JSON_DEPTH_MAX + 1; i++)
        json_open_array(&json, NULL);
    must_fail(&json, -EINVAL, odd); /* deeper than json_parse() reads */
}

static void the_deepest_document_comes_back(void **state) {
    struct json_writer json = JSON_WRITER(1000);
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        json_open_array(&json, NULL);
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        json_close(&json);
    _cleanup_free_ char *text = NULL, *again = NULL;
    _cleanup_json_ cJSON *document = NULL;
    assert_int_equal(json_finish(&json, &text, NULL, NULL), 0);
    assert_int_equal(json_parse(text, strlen(text), &document, NULL), 0);
    assert_int_equal(json_print(document, false, &again, NULL), 0);
    assert_string_equal(again, text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_compactly),
        cmocka_unit_test(writes_prettily),
        cmocka_unit_test(writes_numbers_shortly_and_exactly),
        cmocka_unit_test(copies_parsed_values),
        cmocka_unit_test(bad_bytes),
        cmocka_unit_test(too_large),
        cmocka_unit_test(wrong_use_is_noticed),
        cmocka_unit_test(the_deepest_document_comes_back),
    };
    return cmocka_run_group_tests_name("json-writer", tests, NULL, NULL);
}
