/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/text.h"

static cJSON *parse(const char *text) {
    cJSON *document = NULL;
    struct error err = {0};
    if (json_parse(text, strlen(text), &document, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return document;
}

static void refuses(const char *text, size_t len, const char *says) {
    cJSON *document = NULL;
    struct error err = {0};
    int r = json_parse(text, len, &document, &err);
    if (r != -EINVAL || !strstr(err.text, says))
        fail_msg("%s: %d \"%s\", expected \"%s\"", text, r, err.text, says);
    assert_null(document);
}

static void takes_json(void **state) {
    static const char *const good[] = {
        "null",
        " true ",
        "-0",
        "0.5",
        "1E+2",
        "\"\"",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "\r\n\t [1, 2,{\"a\" : [null]}]\n",
        "{\"a\":1,\"A\":2}",
        "\"\\u00e9\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\\\\\"\"",
        "\"grün 😀\"",
        "\"\x7f\"",
    };
    for (size_t i = 0; i < ELEMENTS(good); i++)
        cJSON_Delete(parse(good[i]));
}

static void refuses_what_is_no_json(void **state) {
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"", "line 1 column 1: expected a value"},
        {"\n  x", "line 2 column 3: expected a value"},
        {"nul", "expected a value"},
        {"True", "expected a value"},
        {"NaN", "expected a value"},
        {"-Infinity", "expected a digit"},
        {"'a'", "expected a value"},
        {"\xEF\xBB\xBF{}", "line 1 column 1: expected a value"}, /* byte order mark */
        {"{} x", "line 1 column 4: text behind the document"},
        {"{}{}", "text behind"},
        {"1 2", "text behind"},
        {"nullx", "text behind"},
        {"01", "must not begin with 0"},
        {"-01", "must not begin with 0"},
        {"+1", "expected a value"},
        {".5", "expected a value"},
        {"1.", "behind the decimal point"},
        {"1e", "exponent"},
        {"1e+", "exponent"},
        {"0x10", "text behind"},
        {"[1,]", "expected a value"},
        {"[,1]", "expected a value"},
        {"[1 2]", "expected ',' or ']'"},
        {"[1", "expected ',' or ']'"},
        {"[1}", "expected ',' or ']'"},
        {"{\"a\":1,}", "expected a string"},
        {"{\"a\" 1}", "expected ':'"},
        {"{\"a\":}", "expected a value"},
        {"{a:1}", "expected a string"},
        {"{1:1}", "expected a string"},
        {"{\"a\":1 \"b\":2}", "expected ',' or '}'"},
        {"{", "expected a string"},
        {"\"abc", "no end"},
        {"\"a\nb\"", "control character"},
        {"\"\\x41\"", "unknown escape"},
        {"\"\\", "unknown escape"},
        {"\"\\u12g4\"", "four hexadecimal digits"},
        {"\"\\u12", "four hexadecimal digits"},
        {"\"a\\u0000b\"", "\\u0000 is not accepted"},
        {"{\"a\\u0000b\":1}", "\\u0000 is not accepted"},
        {"\"\\ud83d\"", "surrogate"},
        {"\"\\ud83dxx\"", "surrogate"},
        {"\"\\ud83d\\u0041\"", "surrogate"},
        {"\"\\ude00\"", "surrogate"},
        {"\"\xFF\"", "not UTF-8"},
        {"\"\xC0\xAF\"", "not UTF-8"},
        {"\"\xC3\"", "not UTF-8"},
        {"{\"a\":{\"b\":1,\"c\":2,\"b\":3}}", "a.b: the key is there twice"},
        {"[{\"a\":1,\"\\u0061\":1}]", "[0].a: the key is there twice"},
        {"{\"n\":1e999}", "n: the number is too large"},
        {"[-1e999]", "the number is too large"},
        {"// no\n1", "expected a value"},
    };
    for (size_t i = 0; i < ELEMENTS(bad); i++)
        refuses(bad[i].text, strlen(bad[i].text), bad[i].says);
    refuses("[1]\0", 4, "text behind");
    refuses("\"a\0b\"", 5, "control character");
    refuses("\0", 1, "expected a value");
    assert_int_equal(json_parse("[", 1, &(cJSON *){NULL}, NULL), -EINVAL);
}

static void reads_no_byte_too_many(void **state) {
    static const char text[] = "[10, \"é\", true]";
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        char *exact = malloc(len ? len : 1); /* AddressSanitizer watches its end */
        assert_non_null(exact);
        memcpy(exact, text, len);
        refuses(exact, len, "");
        free(exact);
    }
}

static void bounds_depth_and_digits(void **state) {
    char text[2 * JSON_DEPTH_MAX + 3] = "";
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    cJSON_Delete(parse(text));
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    refuses(text, strlen(text), "nested too deeply");

    char number[80] = "0.";
    memset(number + 2, '1', 61);
    cJSON_Delete(parse(number));
    memset(number + 2, '1', 62);
    refuses(number, strlen(number), "too many digits");
}

#define DOCUMENT                                                                                                      \
    "{\"s\":\"text\",\"t\":true,\"n\":null,\"i\":42,\"d\":0.25,\"big\":9007199254740991,\"bigger\":9007199254740993," \
    "\"minus\":-1,\"u32\":4294967295,\"over\":4294967296,\"list\":[[],{\"inner\":{\"x\":\"y\"}}],\"S\":\"upper\"}"

static void gets_typed_fields(void **state) {
    _cleanup_json_ cJSON *document = parse(DOCUMENT);
    const char *text = NULL;
    assert_int_equal(json_get_string(document, "s", &text, NULL), 0);
    assert_string_equal(text, "text");
    assert_int_equal(json_get_string(document, "S", &text, NULL), 0);
    assert_string_equal(text, "upper");

    char buffer[5] = "";
    assert_int_equal(json_copy_string(document, "s", buffer, sizeof(buffer), NULL), 0);
    assert_string_equal(buffer, "text");

    bool yes = false;
    assert_int_equal(json_get_bool(document, "t", &yes, NULL), 0);
    assert_true(yes);

    uint32_t number = 0;
    assert_int_equal(json_get_u32(document, "i", &number, NULL), 0);
    assert_int_equal(number, 42);
    assert_int_equal(json_get_u32(document, "u32", &number, NULL), 0);
    assert_int_equal(number, UINT32_MAX);

    int64_t wide = 0;
    assert_int_equal(json_get_i64(document, "big", &wide, NULL), 0);
    assert_int_equal(wide, JSON_INTEGER_MAX);
    assert_int_equal(json_get_i64(document, "minus", &wide, NULL), 0);
    assert_int_equal(wide, -1);

    usec_t span = 0;
    assert_int_equal(json_get_usec(document, "i", &span, NULL), 0);
    assert_int_equal(span, 42);
    assert_int_equal(json_get_usec(document, "n", &span, NULL), 0);
    assert_int_equal(span, USEC_INFINITY);

    double real = 0;
    assert_int_equal(json_get_double(document, "d", &real, NULL), 0);
    assert_true(real > 0.2499 && real < 0.2501);

    const cJSON *list = NULL, *inner = NULL;
    assert_int_equal(json_get_array(document, "list", &list, NULL), 0);
    int n = 0;
    json_for_each(item, list) n++;
    assert_int_equal(n, 2);
    assert_int_equal(json_get_object(list->child->next, "inner", &inner, NULL), 0);
    assert_int_equal(json_get_string(inner, "x", &text, NULL), 0);
    assert_string_equal(text, "y");
}

static void errors_name_the_field(void **state) {
    _cleanup_json_ cJSON *document = parse(DOCUMENT);
    struct error err = {0};
    const char *text = NULL;
    const cJSON *value = NULL;
    uint32_t number = 7;
    int64_t wide = 7;
    bool yes = false;

    assert_int_equal(json_get_string(document, "none", &text, &err), -ENOENT);
    assert_string_equal(err.text, "none: missing, expected a string");
    assert_int_equal(json_get_string(document, "i", &text, &err), -EINVAL);
    assert_string_equal(err.text, "i: expected a string, found a number");
    assert_int_equal(json_get_string(document, "n", &text, &err), -EINVAL);
    assert_string_equal(err.text, "n: expected a string, found null");
    assert_int_equal(json_get_bool(document, "s", &yes, &err), -EINVAL);
    assert_string_equal(err.text, "s: expected true or false, found a string");
    assert_int_equal(json_get_object(document, "list", &value, &err), -EINVAL);
    assert_string_equal(err.text, "list: expected an object, found an array");
    assert_int_equal(json_get_u32(document, "minus", &number, &err), -ERANGE);
    assert_string_equal(err.text, "minus: -1 is out of range, expected a whole number from 0 to 4294967295");
    assert_int_equal(json_get_u32(document, "over", &number, &err), -ERANGE);
    assert_int_equal(json_get_u32(document, "d", &number, &err), -EINVAL);
    assert_string_equal(err.text, "d: expected a whole number, found 0.25");
    assert_int_equal(json_get_i64(document, "bigger", &wide, &err), -ERANGE);
    assert_int_equal(json_get_usec(document, "s", &wide, &err), -EINVAL);
    assert_int_equal(json_get_usec(document, "none", &wide, &err), -ENOENT);

    char buffer[4] = "old";
    assert_int_equal(json_copy_string(document, "s", buffer, sizeof(buffer), &err), -ENOSPC);
    assert_string_equal(err.text, "s: too long, expected at most 3 bytes");
    assert_string_equal(buffer, "old");

    const cJSON *list, *inner;
    assert_int_equal(json_get_array(document, "list", &list, &err), 0);
    assert_int_equal(json_get_string(list->child, "x", &text, &err), -EINVAL);
    assert_string_equal(err.text, "list[0]: expected an object with \"x\", found an array");

    _cleanup_json_ cJSON *scalar = NULL;
    assert_int_equal(json_parse("1", 1, &scalar, &err), 0);
    assert_int_equal(json_get_string(scalar, "x", &text, &err), -EINVAL);
    assert_string_equal(err.text, "the document: expected an object with \"x\", found a number");
    assert_int_equal(json_get_object(list->child->next, "inner", &inner, &err), 0);
    assert_int_equal(json_get_bool(inner, "x", &yes, &err), -EINVAL);
    assert_string_equal(err.text, "list[1].inner.x: expected true or false, found a string");
    assert_int_equal(json_error(inner, "x", &err, -ERANGE, "no %s", "color"), -ERANGE);
    assert_string_equal(err.text, "list[1].inner.x: no color");
    assert_int_equal(json_error(document, NULL, &err, -ERANGE, "odd"), -ERANGE);
    assert_string_equal(err.text, "the document: odd");

    assert_null(text);
    assert_null(value);
    assert_int_equal(number, 7);
    assert_int_equal(wide, 7);
    assert_false(yes);
}

static void hostile_keys_are_shown_safely(void **state) {
    _cleanup_json_ cJSON *document = parse("{\"\\u001b[2J\\n\":{}}");
    struct error err = {0};
    bool yes = false;
    assert_int_equal(json_get_bool(document->child, "x", &yes, &err), -ENOENT);
    assert_string_equal(err.text, "\\x1b[2J\\n.x: missing, expected true or false");
}

static void optional_fields_keep_the_default(void **state) {
    _cleanup_json_ cJSON *document = parse(DOCUMENT);
    uint32_t number = 7;
    const char *text = "default";
    char buffer[8] = "default";
    struct error err = {0};
    assert_int_equal(json_opt_u32(document, "none", &number, &err), 0);
    assert_int_equal(json_opt_u32(document, "n", &number, &err), 0);
    assert_int_equal(number, 7);
    assert_int_equal(json_opt_string(document, "none", &text, &err), 0);
    assert_string_equal(text, "default");
    assert_int_equal(json_opt_copy_string(document, "n", buffer, sizeof(buffer), &err), 0);
    assert_string_equal(buffer, "default");
    assert_int_equal(err.code, 0);

    assert_int_equal(json_opt_u32(document, "i", &number, &err), 1);
    assert_int_equal(number, 42);
    assert_int_equal(json_opt_copy_string(document, "s", buffer, sizeof(buffer), &err), 1);
    assert_string_equal(buffer, "text");
    assert_int_equal(json_opt_u32(document, "s", &number, &err), -EINVAL);
    assert_int_equal(number, 42);

    const cJSON *list = NULL;
    assert_int_equal(json_opt_array(document, "list", &list, &err), 1);
    assert_int_equal(json_opt_u32(list, "x", &number, &err), -EINVAL);
}

static void refuses_unknown_keys(void **state) {
    static const char *const known[] = {"version", "env"};
    _cleanup_json_ cJSON *good = parse("{\"env\":{}}"), *near = parse("{\"versoin\":1}"), *far = parse("{\"foo\":1}");
    struct error err = {0};
    assert_int_equal(json_known_keys(good, known, 2, &err), 0);
    assert_int_equal(json_known_keys(near, known, 2, &err), -EINVAL);
    assert_string_equal(err.text, "versoin: unknown field, did you mean \"version\"?");
    assert_int_equal(json_known_keys(far, known, 2, &err), -EINVAL);
    assert_string_equal(err.text, "foo: unknown field");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_json),
        cmocka_unit_test(refuses_what_is_no_json),
        cmocka_unit_test(reads_no_byte_too_many),
        cmocka_unit_test(bounds_depth_and_digits),
        cmocka_unit_test(gets_typed_fields),
        cmocka_unit_test(errors_name_the_field),
        cmocka_unit_test(hostile_keys_are_shown_safely),
        cmocka_unit_test(optional_fields_keep_the_default),
        cmocka_unit_test(refuses_unknown_keys),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
