/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every example of RFC 9535 whose result the RFC tells, in its order; where it allows several orders, ours. A list of
 * nodes is told as jsonpath_evaluate() gives it: one as its value, several as an array, none as an empty one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "analysis/jsonpath.h"
#include "common/text.h"

#define BOOK_1                                                                                          \
    "{\"category\": \"reference\", \"author\": \"Nigel Rees\", \"title\": \"Sayings of the Century\", " \
    "\"price\": 8.95}"
#define BOOK_2                                                                                   \
    "{\"category\": \"fiction\", \"author\": \"Evelyn Waugh\", \"title\": \"Sword of Honour\", " \
    "\"price\": 12.99}"
#define BOOK_3                                                                                \
    "{\"category\": \"fiction\", \"author\": \"Herman Melville\", \"title\": \"Moby Dick\", " \
    "\"isbn\": \"0-553-21311-3\", \"price\": 8.99}"
#define BOOK_4                                                                                             \
    "{\"category\": \"fiction\", \"author\": \"J. R. R. Tolkien\", \"title\": \"The Lord of the Rings\", " \
    "\"isbn\": \"0-395-19395-8\", \"price\": 22.99}"
#define BOOKS "[" BOOK_1 ", " BOOK_2 ", " BOOK_3 ", " BOOK_4 "]"
#define BICYCLE "{\"color\": \"red\", \"price\": 399}"
#define STORE_ONLY "{\"book\": " BOOKS ", \"bicycle\": " BICYCLE "}"
#define STORE "{\"store\": " STORE_ONLY "}"
#define EVERYTHING_IN_STORE                                                                     \
    "[" STORE_ONLY ", " BOOKS ", " BICYCLE ", " BOOK_1 ", " BOOK_2 ", " BOOK_3 ", " BOOK_4 ", " \
    "\"reference\", \"Nigel Rees\", \"Sayings of the Century\", 8.95, "                         \
    "\"fiction\", \"Evelyn Waugh\", \"Sword of Honour\", 12.99, "                               \
    "\"fiction\", \"Herman Melville\", \"Moby Dick\", \"0-553-21311-3\", 8.99, "                \
    "\"fiction\", \"J. R. R. Tolkien\", \"The Lord of the Rings\", \"0-395-19395-8\", 22.99, \"red\", 399]"

#define OBJECT_AND_ARRAY "{\"obj\": {\"x\": \"y\"}, \"arr\": [2, 3]}"
#define BOTH "[{\"x\": \"y\"}, [2, 3]]"
#define NEITHER "[]"
#define FILTERED                                                                                   \
    "{\"a\": [3, 5, 1, 2, 4, 6, {\"b\": \"j\"}, {\"b\": \"k\"}, {\"b\": {}}, {\"b\": \"kilo\"}], " \
    "\"o\": {\"p\": 1, \"q\": 2, \"r\": 3, \"s\": 5, \"t\": {\"u\": 6}}, \"e\": \"f\"}"
#define TYPED "[\"ab\", \"Europe\", {\"timezone\": \"Europe/Rome\"}, {\"timezone\": \"Asia/Tokyo\"}]"
#define NESTED "{\"o\": {\"j\": 1, \"k\": 2}, \"a\": [5, 3, [{\"j\": 4}, {\"k\": 6}]]}"
#define NULLS "{\"a\": null, \"b\": [null], \"c\": [{}], \"null\": 1}"

static const struct {
    const char *answer, *path, *selected;
} examples[] = {
    /* 1.3 and 1.5, the bookstore */
    {STORE, "$['store']['book'][0]['title']", "\"Sayings of the Century\""},
    {STORE, "$.store.book[0].title", "\"Sayings of the Century\""},
    {STORE, "$.store.book[?@.price < 10].title", "[\"Sayings of the Century\", \"Moby Dick\"]"},
    {STORE, "$.store.book[*].author", "[\"Nigel Rees\", \"Evelyn Waugh\", \"Herman Melville\", \"J. R. R. Tolkien\"]"},
    {STORE, "$..author", "[\"Nigel Rees\", \"Evelyn Waugh\", \"Herman Melville\", \"J. R. R. Tolkien\"]"},
    {STORE, "$.store.*", "[" BOOKS ", " BICYCLE "]"},
    {STORE, "$.store..price", "[8.95, 12.99, 8.99, 22.99, 399]"},
    {STORE, "$..book[2]", BOOK_3},
    {STORE, "$..book[2].author", "\"Herman Melville\""},
    {STORE, "$..book[2].publisher", "[]"},
    {STORE, "$..book[-1]", BOOK_4},
    {STORE, "$..book[0,1]", "[" BOOK_1 ", " BOOK_2 "]"},
    {STORE, "$..book[:2]", "[" BOOK_1 ", " BOOK_2 "]"},
    {STORE, "$..book[?@.isbn]", "[" BOOK_3 ", " BOOK_4 "]"},
    {STORE, "$..book[?@.price<10]", "[" BOOK_1 ", " BOOK_3 "]"},
    {STORE, "$..*", EVERYTHING_IN_STORE},
    /* 2.2.3, the root */
    {"{\"k\": \"v\"}", "$", "{\"k\": \"v\"}"},
    /* 2.3.1.3, names */
    {"{\"o\": {\"j j\": {\"k.k\": 3}}, \"'\": {\"@\": 2}}", "$.o['j j']", "{\"k.k\": 3}"},
    {"{\"o\": {\"j j\": {\"k.k\": 3}}, \"'\": {\"@\": 2}}", "$.o['j j']['k.k']", "3"},
    {"{\"o\": {\"j j\": {\"k.k\": 3}}, \"'\": {\"@\": 2}}", "$.o[\"j j\"][\"k.k\"]", "3"},
    {"{\"o\": {\"j j\": {\"k.k\": 3}}, \"'\": {\"@\": 2}}", "$[\"'\"][\"@\"]", "2"},
    /* 2.3.2.3, wildcards */
    {"{\"o\": {\"j\": 1, \"k\": 2}, \"a\": [5, 3]}", "$[*]", "[{\"j\": 1, \"k\": 2}, [5, 3]]"},
    {"{\"o\": {\"j\": 1, \"k\": 2}, \"a\": [5, 3]}", "$.o[*]", "[1, 2]"},
    {"{\"o\": {\"j\": 1, \"k\": 2}, \"a\": [5, 3]}", "$.o[*, *]", "[1, 2, 1, 2]"},
    {"{\"o\": {\"j\": 1, \"k\": 2}, \"a\": [5, 3]}", "$.a[*]", "[5, 3]"},
    /* 2.3.3.3, indices */
    {"[\"a\", \"b\"]", "$[1]", "\"b\""},
    {"[\"a\", \"b\"]", "$[-2]", "\"a\""},
    /* 2.3.4.3, slices */
    {"[\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\"]", "$[1:3]", "[\"b\", \"c\"]"},
    {"[\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\"]", "$[5:]", "[\"f\", \"g\"]"},
    {"[\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\"]", "$[1:5:2]", "[\"b\", \"d\"]"},
    {"[\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\"]", "$[5:1:-2]", "[\"f\", \"d\"]"},
    {"[\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\"]", "$[::-1]",
     "[\"g\", \"f\", \"e\", \"d\", \"c\", \"b\", \"a\"]"},
    /* 2.3.5.3, comparisons: of all children, or of none */
    {OBJECT_AND_ARRAY, "$[?$.absent1 == $.absent2]", BOTH},
    {OBJECT_AND_ARRAY, "$[?$.absent1 <= $.absent2]", BOTH},
    {OBJECT_AND_ARRAY, "$[?$.absent == 'g']", NEITHER},
    {OBJECT_AND_ARRAY, "$[?$.absent1 != $.absent2]", NEITHER},
    {OBJECT_AND_ARRAY, "$[?$.absent != 'g']", BOTH},
    {OBJECT_AND_ARRAY, "$[?1 <= 2]", BOTH},
    {OBJECT_AND_ARRAY, "$[?1 > 2]", NEITHER},
    {OBJECT_AND_ARRAY, "$[?13 == '13']", NEITHER},
    {OBJECT_AND_ARRAY, "$[?'a' <= 'b']", BOTH},
    {OBJECT_AND_ARRAY, "$[?'a' > 'b']", NEITHER},
    {OBJECT_AND_ARRAY, "$[?$.obj == $.arr]", NEITHER},
    {OBJECT_AND_ARRAY, "$[?$.obj != $.arr]", BOTH},
    {OBJECT_AND_ARRAY, "$[?$.obj == $.obj]", BOTH},
    {OBJECT_AND_ARRAY, "$[?$.obj != $.obj]", NEITHER},
    {OBJECT_AND_ARRAY, "$[?$.arr == $.arr]", BOTH},
    {OBJECT_AND_ARRAY, "$[?$.arr != $.arr]", NEITHER},
    {OBJECT_AND_ARRAY, "$[?$.obj == 17]", NEITHER},
    {OBJECT_AND_ARRAY, "$[?$.obj != 17]", BOTH},
    {OBJECT_AND_ARRAY, "$[?$.obj <= $.arr]", NEITHER},
    {OBJECT_AND_ARRAY, "$[?$.obj < $.arr]", NEITHER},
    {OBJECT_AND_ARRAY, "$[?$.obj <= $.obj]", BOTH},
    {OBJECT_AND_ARRAY, "$[?$.arr <= $.arr]", BOTH},
    {OBJECT_AND_ARRAY, "$[?1 <= $.arr]", NEITHER},
    {OBJECT_AND_ARRAY, "$[?1 >= $.arr]", NEITHER},
    {OBJECT_AND_ARRAY, "$[?1 > $.arr]", NEITHER},
    {OBJECT_AND_ARRAY, "$[?1 < $.arr]", NEITHER},
    {OBJECT_AND_ARRAY, "$[?true <= true]", BOTH},
    {OBJECT_AND_ARRAY, "$[?true > true]", NEITHER},
    /* 2.3.5.3, filters */
    {FILTERED, "$.a[?@.b == 'kilo']", "{\"b\": \"kilo\"}"},
    {FILTERED, "$.a[?(@.b == 'kilo')]", "{\"b\": \"kilo\"}"},
    {FILTERED, "$.a[?@>3.5]", "[5, 4, 6]"},
    {FILTERED, "$.a[?@.b]", "[{\"b\": \"j\"}, {\"b\": \"k\"}, {\"b\": {}}, {\"b\": \"kilo\"}]"},
    {FILTERED, "$[?@.*]",
     "[[3, 5, 1, 2, 4, 6, {\"b\": \"j\"}, {\"b\": \"k\"}, {\"b\": {}}, {\"b\": \"kilo\"}], {\"p\": 1, \"q\": 2, \"r\": "
     "3, \"s\": 5, \"t\": {\"u\": 6}}]"},
    {FILTERED, "$[?@[?@.b]]", "[3, 5, 1, 2, 4, 6, {\"b\": \"j\"}, {\"b\": \"k\"}, {\"b\": {}}, {\"b\": \"kilo\"}]"},
    {FILTERED, "$.o[?@<3, ?@<3]", "[1, 2, 1, 2]"},
    {FILTERED, "$.a[?@<2 || @.b == \"k\"]", "[1, {\"b\": \"k\"}]"},
    {FILTERED, "$.a[?match(@.b, \"[jk]\")]", "[{\"b\": \"j\"}, {\"b\": \"k\"}]"},
    {FILTERED, "$.a[?search(@.b, \"[jk]\")]", "[{\"b\": \"j\"}, {\"b\": \"k\"}, {\"b\": \"kilo\"}]"},
    {FILTERED, "$.o[?@>1 && @<4]", "[2, 3]"},
    {FILTERED, "$.o[?@.u || @.x]", "{\"u\": 6}"},
    {FILTERED, "$.a[?@.b == $.x]", "[3, 5, 1, 2, 4, 6]"},
    {FILTERED, "$.a[?@ == @]", "[3, 5, 1, 2, 4, 6, {\"b\": \"j\"}, {\"b\": \"k\"}, {\"b\": {}}, {\"b\": \"kilo\"}]"},
    /* 2.4, functions: their examples with values of ours */
    {"[{\"authors\": [1, 2, 3, 4, 5]}, {\"authors\": [1]}]", "$[?length(@.authors) >= 5]",
     "{\"authors\": [1, 2, 3, 4, 5]}"},
    /* 2.4.5 */
    {"[[{\"author\": 1}, {\"author\": 2}, {\"author\": 3}, {\"author\": 4}, {\"author\": 5}], [{}]]",
     "$[?count(@.*.author) >= 5]",
     "[{\"author\": 1}, {\"author\": 2}, {\"author\": 3}, {\"author\": 4}, {\"author\": 5}]"},
    /* 2.4.6 to 2.4.8 */
    {"[{\"date\": \"1974-05-11\"}, {\"date\": \"1974-05-1\"}]", "$[?match(@.date, \"1974-05-..\")]",
     "{\"date\": \"1974-05-11\"}"},
    {"[{\"author\": \"Bob\"}, {\"author\": \"Robert\"}, {\"author\": \"Jan\"}]", "$[?search(@.author, \"[BR]ob\")]",
     "[{\"author\": \"Bob\"}, {\"author\": \"Robert\"}]"},
    {"[{\"a\": {\"color\": \"red\"}}, {\"color\": \"blue\"}, {\"a\": {\"color\": \"red\"}, \"color\": \"red\"}]",
     "$[?value(@..color) == \"red\"]", "{\"a\": {\"color\": \"red\"}}"},
    /* 2.4.9, what is well-typed */
    {TYPED, "$[?length(@) < 3]", "[\"ab\", {\"timezone\": \"Europe/Rome\"}, {\"timezone\": \"Asia/Tokyo\"}]"},
    {TYPED, "$[?count(@.*) == 1]", "[{\"timezone\": \"Europe/Rome\"}, {\"timezone\": \"Asia/Tokyo\"}]"},
    {TYPED, "$[?match(@.timezone, 'Europe/.*')]", "{\"timezone\": \"Europe/Rome\"}"},
    /* 2.5.1.3, several selectors */
    {"[\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\"]", "$[0, 3]", "[\"a\", \"d\"]"},
    {"[\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\"]", "$[0:2, 5]", "[\"a\", \"b\", \"f\"]"},
    {"[\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\"]", "$[0, 0]", "[\"a\", \"a\"]"},
    /* 2.5.2.3, descendants */
    {NESTED, "$..j", "[1, 4]"},
    {NESTED, "$..[0]", "[5, {\"j\": 4}]"},
    {NESTED, "$..[*]",
     "[{\"j\": 1, \"k\": 2}, [5, 3, [{\"j\": 4}, {\"k\": 6}]], 1, 2, 5, 3, [{\"j\": 4}, {\"k\": 6}], {\"j\": 4}, "
     "{\"k\": 6}, 4, 6]"},
    {NESTED, "$..*",
     "[{\"j\": 1, \"k\": 2}, [5, 3, [{\"j\": 4}, {\"k\": 6}]], 1, 2, 5, 3, [{\"j\": 4}, {\"k\": 6}], {\"j\": 4}, "
     "{\"k\": 6}, 4, 6]"},
    {NESTED, "$..o", "{\"j\": 1, \"k\": 2}"},
    {NESTED, "$.o..[*, *]", "[1, 2, 1, 2]"},
    {NESTED, "$.a..[0, 1]", "[5, 3, {\"j\": 4}, {\"k\": 6}]"},
    /* 2.6.1, null */
    {NULLS, "$.a", "null"},
    {NULLS, "$.a[0]", "[]"},
    {NULLS, "$.a.d", "[]"},
    {NULLS, "$.b[0]", "null"},
    {NULLS, "$.b[*]", "null"},
    {NULLS, "$.b[?@]", "null"},
    {NULLS, "$.b[?@==null]", "null"},
    {NULLS, "$.c[?@.d==null]", "[]"},
    {NULLS, "$.null", "1"},
    /* 2.7, normalized paths are paths */
    {"{\"a\": {\"b\": [1, 2]}, \"\\u000b\": 3}", "$['a']", "{\"b\": [1, 2]}"},
    {"{\"a\": {\"b\": [1, 2]}, \"\\u000b\": 3}", "$['a']['b'][1]", "2"},
    {"{\"a\": {\"b\": [1, 2]}, \"\\u000b\": 3}", "$[\"\\u000B\"]", "3"},
    {"{\"a\": {\"b\": [1, 2]}, \"\\u000b\": 3}", "$['\\u000b']", "3"},
    {"{\"a\": {\"b\": [1, 2]}, \"\\u000b\": 3}", "$[\"\\u0061\"]", "{\"b\": [1, 2]}"},
    /* not in the RFC */
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}", "$ ['a b']", "\"\\ud83d\\ude00\""},
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}", "$.l[1]", "[2, NaN]"},
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}", "$.l[?@ > 1e308]", "Infinity"},
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}", "$.l[1:][0]", "2"},
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}", "$.l[::0]", "[]"},
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}", "$.l[?length(@) == 2 && !(@[0] == 1)]",
     "[2, NaN]"},
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}", "$.l[?match(@, 'x')]", "[]"},
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}", "$[?length(@) == 1]", "\"\\ud83d\\ude00\""},
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}", "$.l[?count($.l[*]) == 3 && @ == 1]", "1"},
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}", "$[?match(@, $.none)]", "[]"},
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}", "$[?search(@, $['a b'])]", "\"\\ud83d\\ude00\""},
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}", "$.x.y.z", "[]"},
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}", "$..x", "[]"},
    {"{\"a b\": \"\\ud83d\\ude00\", \"l\": [1, [2, NaN], Infinity]}",
     "$.l[-9007199254740991:9007199254740991:9007199254740991]", "1"},
};

static void selects_as_the_rfc_says(void **state) {
    for (size_t i = 0; i < ELEMENTS(examples); i++) {
        ARENA(arena);
        struct jsonpath path;
        struct value answer, selected, wanted;
        struct error err = {.code = 0};
        const char *text = "", *wanted_text = "";
        assert_int_equal(value_read(&arena, examples[i].selected, &wanted, &err), 0);
        assert_int_equal(value_write(&arena, &wanted, &wanted_text, &err), 0);
        if (value_read(&arena, examples[i].answer, &answer, &err) < 0 ||
            jsonpath_compile(&arena, examples[i].path, &path, NULL, &err) < 0 ||
            jsonpath_evaluate(&arena, &path, &answer, &selected, &err) < 0 ||
            value_write(&arena, &selected, &text, &err) < 0 || strcmp(text, wanted_text) != 0)
            fail_msg("%s gives %s%s", examples[i].path, text, err.text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selects_as_the_rfc_says),
    };
    return cmocka_run_group_tests_name("jsonpath", tests, NULL, NULL);
}
