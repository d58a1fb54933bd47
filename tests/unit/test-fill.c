/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "analysis/fill.h"
#include "common/text.h"

static void values_take_the_place_of_names(void **state) {
    static const struct {
        const char *condition, *value, *baseline, *filled;
    } cases[] = {
        {"result[0] >= 0.95", "[0.91]", "", "0.91 >= 0.95"},
        {"result[-1] > result[0]", "[1,2,3]", "", "3 > 1"},
        {"result < 5", "7", "", "7 < 5"},
        {"result[0] <= baseline[0] * 1.2", "[0.5]", "[0.25]", "0.5 <= 0.25 * 1.2"},
        {"result.rate > 1 && result.state == 'ok'", "{\"rate\":2,\"state\":\"ok\"}", "", "2 > 1 && \"ok\" == 'ok'"},
        {"result.a.b[1] == nil", "{\"a\":{\"b\":[1,null]}}", "", "nil == nil"},
        {"isNaN(result[0]) or result[0] < Infinity", "[NaN]", "", "isNaN(nan) or nan < Infinity"},
        /* what is no single value, or none at all, stays as it is written */
        {"len(result) == 0", "[]", "", "len(result) == 0"},
        {"all(result, # > 1)", "[1,2]", "", "all(result, # > 1)"},
        {"result[3] > 1", "[1]", "", "result[3] > 1"},
        {"result > baseline", "2", "", "2 > baseline"},
        {"result > 1", "", "", "result > 1"},
        {"result > 1", "[1, 2...", "", "result > 1"},
        /* names that only look like these */
        {"results > result2 or my_result", "1", "", "results > result2 or my_result"},
        {"x.result > \"result\" + 'result' + `result`", "1", "", "x.result > \"result\" + 'result' + `result`"},
        {"result == 'it\\'s result'", "1", "", "1 == 'it\\'s result'"},
        {"result > \"unclosed result", "1", "", "1 > \"unclosed result"},
        {"", "1", "1", ""},
    };
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        char buffer[FILLED_MAX];
        assert_string_equal(condition_fill(cases[i].condition, cases[i].value, cases[i].baseline, buffer),
                            cases[i].filled);
    }
}

static void long_ones_are_cut(void **state) {
    char condition[2 * FILLED_MAX], buffer[FILLED_MAX];
    memset(condition, 'x', sizeof condition);
    condition[sizeof condition - 1] = '\0';
    assert_int_equal(strlen(condition_fill(condition, "1", "", buffer)), FILLED_MAX - 1);
    assert_string_equal(buffer + FILLED_MAX - 4, "...");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_take_the_place_of_names),
        cmocka_unit_test(long_ones_are_cut),
    };
    return cmocka_run_group_tests_name("fill", tests, NULL, NULL);
}
