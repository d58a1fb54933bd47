/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "common/buffer.h"

/* An allocation that fails is what is tested, so AddressSanitizer must let it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}

static void grows(void **state) {
    _cleanup_buffer_ struct buffer buffer = BUFFER(100000);
    assert_string_equal(buffer_text(&buffer), "");
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buffer_printf(&buffer, "%d,", i % 10), 0);
    assert_int_equal(buffer.len, 20000);
    assert_memory_equal(buffer.data + 19996, "8,9,", 5);
}

static void keeps_all_bytes(void **state) {
    _cleanup_buffer_ struct buffer buffer = BUFFER(100);
    assert_int_equal(buffer_append(&buffer, "a\0b", 3), 0);
    assert_int_equal(buffer_puts(&buffer, "c"), 0);
    assert_int_equal(buffer.len, 4);
    assert_memory_equal(buffer.data, "a\0bc", 5);
}

static void failure_sticks(void **state) {
    _cleanup_buffer_ struct buffer buffer = BUFFER(5);
    assert_int_equal(buffer_puts(&buffer, "12345"), 0);
    assert_int_equal(buffer_puts(&buffer, "6"), -ENOBUFS);
    assert_int_equal(buffer_append(&buffer, NULL, 0), -ENOBUFS);
    assert_int_equal(buffer_printf(&buffer, "%s", ""), -ENOBUFS);
    assert_string_equal(buffer_text(&buffer), "12345");

    char *data = NULL;
    size_t len = 42;
    assert_int_equal(buffer_take(&buffer, &data, &len), -ENOBUFS);
    assert_null(data);
    assert_int_equal(len, 42);

    buffer_reset(&buffer);
    assert_int_equal(buffer_printf(&buffer, "%d", 123456), -ENOBUFS);
    buffer_reset(&buffer);
    assert_int_equal(buffer_printf(&buffer, "%d", 12345), 0);
    assert_string_equal(buffer_text(&buffer), "12345");
}

static void too_large_for_memory(void **state) {
    _cleanup_buffer_ struct buffer buffer = BUFFER(SIZE_MAX / 4);
    assert_int_equal(buffer_append(&buffer, "", SIZE_MAX / 8), -ENOMEM);
}

static void hands_its_content_on(void **state) {
    struct buffer buffer = BUFFER(10);
    _cleanup_free_ char *data = NULL, *nothing = NULL;
    size_t len = 42;
    assert_int_equal(buffer_puts(&buffer, "abc"), 0);
    assert_int_equal(buffer_take(&buffer, &data, &len), 0);
    assert_int_equal(len, 3);
    assert_string_equal(data, "abc");
    assert_int_equal(buffer_take(&buffer, &nothing, NULL), 0);
    assert_string_equal(nothing, "");
    assert_int_equal(buffer_puts(&buffer, "0123456789"), 0);
    buffer_reset(&buffer);
}

static void consumes_from_the_front(void **state) {
    _cleanup_buffer_ struct buffer buffer = BUFFER(10);
    buffer_consume(&buffer, 0);
    assert_int_equal(buffer_puts(&buffer, "0123456789"), 0);
    buffer_consume(&buffer, 4);
    assert_string_equal(buffer_text(&buffer), "456789");
    assert_int_equal(buffer_puts(&buffer, "abcd"), 0);
    buffer_consume(&buffer, 10);
    assert_int_equal(buffer.len, 0);
    assert_string_equal(buffer_text(&buffer), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows),
        cmocka_unit_test(keeps_all_bytes),
        cmocka_unit_test(failure_sticks),
        cmocka_unit_test(too_large_for_memory),
        cmocka_unit_test(hands_its_content_on),
        cmocka_unit_test(consumes_from_the_front),
    };
    return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
