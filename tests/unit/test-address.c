/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "common/address.h"
#include "common/text.h"

static void paths(void **state) {
    struct address address;
    struct sockaddr_un local;
    struct error err = {0};
    char path[sizeof local.sun_path + 1] = "/run/haproxy/admin.sock";

    assert_int_equal(address_parse(path, &address, &err), 0);
    memcpy(&local, &address.storage, sizeof local);
    assert_int_equal(local.sun_family, AF_UNIX);
    assert_string_equal(local.sun_path, path);

    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    assert_int_equal(address_parse(path, &address, &err), -ENAMETOOLONG);
    assert_non_null(strstr(err.text, "has 108 bytes, expected at most 107"));
    path[sizeof path - 2] = '\0';
    assert_int_equal(address_parse(path, &address, &err), 0);
}

static void addresses_and_ports(void **state) {
    static const struct {
        const char *text, *host;
        int family;
        uint16_t port;
    } cases[] = {
        {"10.0.0.2:9999", "10.0.0.2", AF_INET, 9999},
        {"localhost:1", "127.0.0.1", AF_INET, 1},
        {"[::1]:65535", "::1", AF_INET6, 65535},
        {"[2001:db8::7]:80", "2001:db8::7", AF_INET6, 80},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct address address;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
        char host[INET6_ADDRSTRLEN] = "";
        assert_int_equal(address_parse(cases[i].text, &address, NULL), 0);
        memcpy(&four, &address.storage, sizeof four);
        memcpy(&six, &address.storage, sizeof six);
        bool is_six = cases[i].family == AF_INET6;
        assert_int_equal(address.any.sa_family, cases[i].family);
        assert_int_equal(ntohs(is_six ? six.sin6_port : four.sin_port), cases[i].port);
        assert_non_null(
            inet_ntop(cases[i].family, is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr, host, sizeof host));
        assert_string_equal(host, cases[i].host);
    }
}

static void nothing_else(void **state) {
    static const char *const bad[] = {
        "",
        "admin.sock",
        "lb:9999",
        "lb.example.org:9999",
        "10.0.0.2",
        "10.0.0.2:",
        ":9999",
        "10.0.0.2:0",
        "10.0.0.2:+99",
        "10.0.0.2:-1",
        "10.0.0.2: 99",
        "10.0.0.2:99x",
        "[::1]",
        "[]:9999",
        "10.0.0.2:65536",
        "10.0.0.2:4294967297",
        "10.0.0.256:9999",
        "localhost:http",
        "[10.0.0:99",
        "10.0.0.2:00000000000000000000000000000000000000000000000000000000000000000000000000000000099",
    };

    for (size_t i = 0; i < ELEMENTS(bad); i++) {
        struct address address = {.len = 7};
        struct error err = {0};
        if (address_parse(bad[i], &address, &err) != -EINVAL)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(address.len, 7);
        assert_non_null(strstr(err.text, "expected a path, or a numeric address and port"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(addresses_and_ports),
        cmocka_unit_test(nothing_else),
    };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
