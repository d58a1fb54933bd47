/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written for HAProxy: commands, and the state file that it reads when it starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "tests/unit/haproxy-fixture.h"
#include "traffic/haproxy-server.h"

static void test_text(void **state) {
    struct haproxy_names names;
    _cleanup_buffer_ struct buffer text;
    fixture_names(&names);
    fixture_commands(&names, &text);
    assert_string_equal(buffer_text(&text), "prompt\n"
                                            "show info\n"
                                            "set server shop/blue-1 weight 80; set server shop/blue-3 weight 7\n"
                                            "set server shop/green-1 weight 0; set server shop/green-1 state ready; "
                                            "set server shop/green-1 health down\n"
                                            "set server shop-preview/green-2 state maint\n"
                                            "shutdown sessions server shop-preview/green-2\n"
                                            "show servers state shop\n"
                                            "show servers state shop-preview\n"
                                            "show stat -1 6 -1\n"
                                            "quit\n");
}

static int order_text(struct server_order order, bool known, struct buffer *text) {
    static struct balancer_seen last;
    struct haproxy_names names;
    fixture_names(&names);
    last.servers[0][GREEN][0] = (struct server_seen){.known = known};
    return haproxy_command_text(&names, &last, &order, 1, &(struct haproxy_map_order){0}, text);
}

static void test_orders(void **state) {
    _cleanup_buffer_ struct buffer text = BUFFER(4096);
    /* without a check it would stay down for ever */
    assert_int_equal(order_text((struct server_order){.kind = SERVER_ENABLE, .color = GREEN}, true, &text), 0);
    assert_non_null(
        strstr(buffer_text(&text), "set server shop/green-1 weight 0; set server shop/green-1 state ready\n"));
    assert_int_equal(order_text((struct server_order){.kind = SERVER_ENABLE, .color = GREEN}, false, &text), -ENODATA);
    assert_int_equal(order_text((struct server_order){.kind = SERVER_WEIGHT, .weight = 257}, true, &text), -EINVAL);
    assert_int_equal(order_text((struct server_order){.kind = SERVER_MAINT, .backend = 2}, true, &text), -EINVAL);
    assert_int_equal(order_text((struct server_order){.kind = SERVER_MAINT, .color = COLORS}, true, &text), -EINVAL);
    assert_int_equal(order_text((struct server_order){.kind = SERVER_MAINT, .number = REPLICAS_MAX}, true, &text),
                     -EINVAL);
}

#define HEADER                                                                                                       \
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "              \
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state " \
    "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port\n"

static void test_state_file(void **state) {
    struct haproxy_names names;
    fixture_names(&names);
    static const struct server_wanted wanted[COLORS][REPLICAS_MAX] = {
        [BLUE] = {{.active = true, .weight = 80}, {.active = true, .weight = 81}},
        [GREEN] = {{.weight = 0}, {.maint = true}, {.weight = 3}},
    };
    char table[] =
        HEADER "3 shop 1 blue-1 127.0.0.1 0 0 1 100 17 8 2 0 6 0 0 0 - 9811\n"    /* down, but active */
               "3 shop 2 blue-2 127.0.0.1 0 5 1 100 17 8 2 0 6159 0 0 0 - 9812\n" /* `disabled` in the file */
               "3 shop 3 other 127.0.0.1 2 0 1 100 17 6 3 3 6 0 0 0 - 9899\n"
               "3 shop 4 green-1 127.0.0.1 2 1 1 100 17 6 3 3 14 0 0 0 - 9821\n"
               "3 shop 5 green-2 127.0.0.1 2 0 1 100 17 6 3 3 6 0 0 0 - 9822\n"
               "3 shop 6 green-3 127.0.0.1 2 0 1 100 17 1 0 1 0 0 0 0 - 9823\n"; /* has no check */
    _cleanup_buffer_ struct buffer text = BUFFER(4096);
    assert_int_equal(haproxy_servers_write(&names, table, wanted, &text), 0);
    assert_string_equal(buffer_text(&text), HEADER "3 shop 1 blue-1 127.0.0.1 2 0 80 100 0 1 0 0 6 0 0 0 - 9811\n"
                                                   "3 shop 2 blue-2 127.0.0.1 2 4 81 100 0 1 0 0 6 0 0 0 - 9812\n"
                                                   "3 shop 4 green-1 127.0.0.1 0 0 0 100 0 1 0 0 6 0 0 0 - 9821\n"
                                                   "3 shop 5 green-2 127.0.0.1 0 1 0 100 0 1 0 0 6 0 0 0 - 9822\n"
                                                   "3 shop 6 green-3 127.0.0.1 2 0 3 100 0 1 0 0 0 0 0 0 - 9823\n");
    assert_int_equal(haproxy_servers_write(&names, (char[]){"2\n# srv_name\n"}, wanted, &text), -EPROTO);
    assert_int_equal(haproxy_servers_write(&names, (char[]){"1\n# srv_name\n"}, wanted, &text), -EPROTO);
}

static void test_names(void **state) {
    static struct spec spec = {.haproxy = {.n_backends = 1, .backends = {"shop"}, .server = "%c-%n"}};
    struct haproxy_names names;
    struct instance_place place;
    assert_int_equal(haproxy_names_load(&spec, &names, NULL), 0);
    assert_int_equal(names.n_backends, 1);
    assert_int_equal(haproxy_names_server(&names, "green-32", &place), 0);
    assert_true(place.color == GREEN && place.number == 31);
    assert_int_equal(haproxy_names_server(&names, "green-33", &place), -ENOENT);
    assert_int_equal(haproxy_names_backend(&names, "shop"), 0);

    struct error error;
    (void)string_copy(spec.haproxy.preview_backend, sizeof spec.haproxy.preview_backend, "a; shutdown frontend web");
    assert_int_equal(haproxy_names_load(&spec, &names, &error), -EINVAL);
    (void)string_copy(spec.haproxy.preview_backend, sizeof spec.haproxy.preview_backend, "preview");
    (void)string_copy(spec.haproxy.server, sizeof spec.haproxy.server, "%c-%n\nset x");
    assert_int_equal(haproxy_names_load(&spec, &names, &error), -EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_orders),
                                       cmocka_unit_test(test_state_file), cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
