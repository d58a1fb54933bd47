/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is read from HAProxy's answers; those in tests/fuzz/seeds/haproxy were recorded from HAProxy 2.6.12. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "common/files.h"
#include "tests/unit/haproxy-fixture.h"
#include "traffic/haproxy-elders.h"
#include "traffic/haproxy-look.h"
#include "traffic/haproxy-table.h"

#define NOW (1000 * USEC_PER_SEC)

static char *recorded(const char *name, size_t *ret_len) {
    char path[4096], *text;
    const char *srcdir = getenv("srcdir");
    (void)snprintf(path, sizeof path, "%s/tests/fuzz/seeds/haproxy/%s", srcdir ? srcdir : ".", name);
    assert_int_equal(file_read(path, 1 << 20, &text, ret_len, NULL), 0);
    return text;
}

static int look_at(const char *name, struct haproxy_look **ret, struct error *err) {
    struct haproxy_names names;
    _cleanup_buffer_ struct buffer commands;
    size_t len;
    fixture_names(&names);
    fixture_commands(&names, &commands);
    _cleanup_free_ char *replies = recorded(name, &len);
    return haproxy_look(&names, buffer_text(&commands), replies, len, NOW, ret, err);
}

static void test_orders(void **state) {
    _cleanup_haproxy_look_ struct haproxy_look *look = NULL;
    assert_int_equal(look_at("orders", &look, NULL), 0);
    const struct exchange_result *result = &look->result;
    const struct balancer_seen *seen = &result->seen;

    assert_int_equal(seen->link, LINK_UP);
    assert_true(look->pid > 1);
    assert_int_equal(seen->epoch & UINT32_MAX, look->pid);
    assert_false(look->stopping);

    assert_true(result->refused); /* the others on the way went through */
    assert_string_equal(seen->problem, "\"set server shop/blue-3 weight 7\" was answered: No such server.");

    const struct server_seen *blue = &seen->servers[0][BLUE][0], *green = &seen->servers[0][GREEN][0];
    assert_true(blue->known && blue->up && blue->checked && !blue->maint && !blue->drain);
    assert_int_equal(blue->weight, 80);
    assert_int_equal(blue->up_since, NOW - USEC_PER_SEC);
    assert_true(green->known && !green->up && green->checked && !green->maint);
    assert_int_equal(green->weight, 0);
    assert_int_equal(green->up_since, 0);
    assert_false(seen->servers[0][BLUE][2].known);

    const struct server_seen *unchecked = &seen->servers[1][GREEN][0], *disabled = &seen->servers[1][GREEN][1];
    assert_true(unchecked->known && unchecked->up && !unchecked->checked);
    assert_true(disabled->known && disabled->maint && !disabled->up);
    assert_false(seen->servers[1][BLUE][0].known);

    assert_string_equal(result->endpoints[BLUE][0].host, "127.0.0.1");
    assert_int_equal(result->endpoints[BLUE][0].port, 9811);
    assert_string_equal(result->endpoints[GREEN][1].host, "::1");

    assert_int_equal(seen->inflight[BLUE][0], 2); /* its own, and one of a foreign backend's server on its address */
    assert_int_equal(seen->inflight[BLUE][1], 0);
}

static void test_refusals(void **state) {
    struct haproxy_look *look = NULL;
    assert_int_equal(look_at("operator", &look, NULL), 0);
    assert_true(look->result.refused);
    assert_string_equal(look->result.seen.problem,
                        "\"set server shop/blue-1 weight 80\" was answered: Permission denied; the socket needs "
                        "`level admin`");
    assert_true(look->result.seen.servers[0][BLUE][0].known);
    look = haproxy_look_free(look);

    assert_int_equal(look_at("no-backend", &look, NULL), 0);
    assert_non_null(look->tables[0]);
    assert_null(look->tables[1]);
    assert_false(look->result.seen.servers[1][GREEN][0].known);
    look = haproxy_look_free(look);
}

static void test_no_answer(void **state) {
    struct haproxy_look *look = NULL;
    struct error error = {0};
    assert_int_equal(look_at("cut", &look, &error), -EPROTO);
    assert_string_equal(error.text, "the connection ended before \"show stat -1 6 -1\" was answered");
    assert_int_equal(look_at("master", &look, &error), -EPROTO);
    assert_int_equal(look_at("show-proc", &look, &error), -EPROTO);
    assert_null(look);
}

static void test_dialogue(void **state) {
    char replies[] = "\n> Trailing garbage in weight string\n> \n> No such server.\n\n> ";
    struct haproxy_dialogue dialogue;
    haproxy_dialogue_begin(&dialogue, "prompt\nset a; set b\nset c\nquit\n", replies, sizeof replies - 1);
    assert_int_equal(haproxy_dialogue_next(&dialogue), 1);
    assert_string_equal(dialogue.command, "prompt");
    assert_int_equal(haproxy_dialogue_next(&dialogue), 1);
    assert_string_equal(dialogue.command, "set a");
    assert_string_equal(dialogue.reply, "Trailing garbage in weight string");
    assert_int_equal(haproxy_dialogue_next(&dialogue), 1);
    assert_string_equal(dialogue.command, "set b");
    assert_string_equal(dialogue.reply, "");
    assert_int_equal(haproxy_dialogue_next(&dialogue), 1);
    assert_string_equal(dialogue.command, "set c");
    assert_string_equal(dialogue.reply, "No such server.");
    assert_int_equal(haproxy_dialogue_next(&dialogue), 0);
}

static void test_table(void **state) {
    char text[] = "# name,what,n\n\"a,b\",\"say \"\"hi\"\"\",3\nshort\nx,y,-1\nx,y,99999999999\n";
    struct haproxy_table table;
    uint32_t number = 7;
    assert_int_equal(haproxy_table_begin(&table, text, ','), 0);
    int n = haproxy_table_column(&table, "n");
    assert_int_equal(n, 2);
    assert_int_equal(haproxy_table_column(&table, "nn"), -ENOENT);
    assert_true(haproxy_table_next(&table));
    assert_string_equal(haproxy_table_field(&table, 0), "a,b");
    assert_string_equal(haproxy_table_field(&table, 1), "say \"hi\"");
    assert_int_equal(haproxy_table_number(&table, n, 10, &number), 0);
    assert_int_equal(number, 3);
    assert_int_equal(haproxy_table_number(&table, n, 2, &number), -EPROTO);
    assert_true(haproxy_table_next(&table));
    assert_string_equal(haproxy_table_field(&table, 2), "");
    assert_true(haproxy_table_next(&table));
    assert_int_equal(haproxy_table_number(&table, n, 10, &number), -EPROTO);
    assert_true(haproxy_table_next(&table));
    assert_int_equal(haproxy_table_number(&table, n, UINT32_MAX, &number), -EPROTO);
    assert_false(haproxy_table_next(&table));
    assert_int_equal(haproxy_table_begin(&table, (char[]){"none"}, ','), -EPROTO);
}

static void test_elders(void **state) {
    _cleanup_free_ char *told = recorded("show-proc", NULL);
    assert_int_equal(haproxy_elders_told(told), ELDERS_ALIVE);
    assert_int_equal(haproxy_elders_told("# workers\n12 worker\n# programs\n\n"), ELDERS_NONE);
    assert_int_equal(haproxy_elders_told("# workers\n12 worker\n# old workers\n# programs\n\n"), ELDERS_NONE);
    assert_int_equal(haproxy_elders_told("Permission denied\n\n"), ELDERS_UNKNOWN);
    uint32_t uid = 0;
    assert_int_equal(haproxy_elders(NULL, getpid(), &uid), ELDERS_UNKNOWN); /* we are not HAProxy */
    assert_int_equal(uid, UINT32_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),   cmocka_unit_test(test_refusals), cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_dialogue), cmocka_unit_test(test_table),    cmocka_unit_test(test_elders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
