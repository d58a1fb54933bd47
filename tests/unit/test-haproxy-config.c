/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* haproxy.cfg: read, and judged. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "ctl/lint.h"

/* ---------------------------------------------------------------- reading */

static void put_line(const struct haproxy_line *line, bool inherited, void *userdata) {
    struct buffer *text = userdata;
    (void)buffer_printf(text, "%d%s", line->number, inherited ? "^" : "");
    for (size_t i = 0; i < line->n_words; i++)
        (void)buffer_printf(text, "|%s", line->words[i]);
    (void)buffer_puts(text, "\n");
}

static void assert_last_section(const char *config_text, const char *expected) {
    _cleanup_haproxy_config_ struct haproxy_config *config = NULL;
    _cleanup_buffer_ struct buffer text = BUFFER(64 * 1024);
    struct error err = {0};
    if (haproxy_config_read(config_text, strlen(config_text), "f", &config, &err) < 0)
        fail_msg("%s", err.text);
    const struct haproxy_section *last = &config->sections[config->n_sections - 1];
    (void)buffer_printf(&text, "%d %s \"%s\"\n", last->line, last->kind, last->name);
    haproxy_config_each(config, config->n_sections - 1, put_line, &text);
    assert_string_equal(buffer_text(&text), expected);
}

static void test_words(void **state) {
    assert_last_section("global\n  a b\tc # d\n", "1 global \"\"\n2|a|b|c\n");
    assert_last_section("global\r\n  a\r\n\r\n", "1 global \"\"\n2|a\n");
    assert_last_section("# first\nglobal # second\na#b\n\"a#b c\"\n", "2 global \"\"\n3|a\n4|a#b c\n");
    assert_last_section("global\na\\ b \\# 'c\\d' \"e\\\"f\" \"$X\" '' \\x41\n",
                        "1 global \"\"\n2|a b|#|c\\d|e\"f|$X||A\n");
    assert_last_section("global\na \\", "1 global \"\"\n2|a|\\\n");
    assert_last_section("global\n.if defined(X)\na\n.endif\n", "1 global \"\"\n3|a\n");
}

static void test_sections(void **state) {
    assert_last_section("defaults\na\ndefaults\nb\nbackend x\nc\n", "5 backend \"x\"\n4^|b\n6|c\n");
    assert_last_section("defaults one\na\ndefaults two from one\nb\nlisten x from two\nc\n",
                        "5 listen \"x\"\n2^|a\n4^|b\n6|c\n");
    assert_last_section("defaults one\na\ndefaults two\nb\nbackend x from one\n", "5 backend \"x\"\n2^|a\n");
    assert_last_section("backend x\nc\n", "1 backend \"x\"\n2|c\n");
    assert_last_section("defaults\na\nglobal\nc\n", "3 global \"\"\n4|c\n");
}

static void test_errors(void **state) {
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"nbthread 4\n", "f:1: \"nbthread\" stands before any section, expected one like global, defaults or backend"},
        {"global\n\nlog 'x\n", "f:3: a ' that nothing ends, expected another"},
        {"backend\n", "f:1: backend without a name, expected backend NAME"},
        {"backend x from y\n", "f:1: backend from y: there is no section \"defaults y\" above"},
        {"global\na \001\n", "f:2: byte 0x01 at column 3, expected text"},
    };
    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        struct haproxy_config *config = NULL;
        struct error err = {0};
        assert_int_equal(haproxy_config_read(rows[i].text, strlen(rows[i].text), "f", &config, &err), -EINVAL);
        assert_string_equal(err.text, rows[i].error);
        assert_null(config);
    }
}

/* ---------------------------------------------------------------- judging */

#define HEAD "defaults\nmode http\noption redispatch 1\nretry-on conn-failure empty-response\n"
#define STATE                             \
    "load-server-state-from-file local\n" \
    "server-state-file-name " ROLLOUT_STATE_DIR "/shop/haproxy/shop.state\n"
#define BACKEND "backend shop\nbalance roundrobin\n" STATE /* lines 5 to 8 */
#define BLUE_1 "server blue-1 127.0.0.1:9001 check\n"
#define GREEN_1 "server green-1 127.0.0.1:9011 check\n"
#define SERVERS BLUE_1 GREEN_1
#define GREEN "server green-1 127.0.0.1:9011 check "

static const struct row {
    const char *text, *severity, *finding; /* a part of the only one; NULL: none */
} rows[] = {
    {HEAD BACKEND SERVERS, NULL, NULL},
    {HEAD BACKEND "default-server check weight 100\nserver-template blue- 1 127.0.0.1:9001\n"
                  "server-template green- 1-1 127.0.0.1:9011 weight 50\n",
     NULL, NULL},
    {"global\nserver-state-base " ROLLOUT_STATE_DIR "/shop/haproxy\n" HEAD
     "load-server-state-from-file local\nbackend shop\nbalance roundrobin\nserver-state-file-name shop.state\n" SERVERS,
     NULL, NULL},
    {HEAD BACKEND SERVERS "server sorry 127.0.0.1:1 backup\n", NULL, NULL},
    {HEAD BACKEND "server blue-1 [::1]:9001 check\nserver green-1 ::1:9002 check\n", NULL, NULL},
    {HEAD BACKEND "server blue-1 \"${BLUE}\" check\nserver green-1 \"${GREEN}\" check\n", NULL, NULL},
    {HEAD "backend other\n" SERVERS, "error", "f: there is no backend shop: expected the one of Backend="},
    {HEAD BACKEND BLUE_1, "error", "f:5: backend shop has no server green-1: expected one for each"},
    {HEAD "backend shop\nbalance leastconn\n" STATE SERVERS, "error",
     "f:6: backend shop: balance leastconn goes by open conn"},
    {HEAD "backend shop\nbalance source\n" STATE SERVERS, "error",
     "f:6: backend shop: balance source takes no weights"},
    {HEAD "backend shop\nbalance hdr(host)\n" STATE SERVERS, "error",
     "f:6: backend shop: balance hdr takes no weights"},
    {HEAD "balance first\nbackend shop\n" STATE SERVERS, "error", "f:5: backend shop: balance first fills one server"},
    {HEAD "backend shop\nbalance random(2)\n" STATE SERVERS, "warning",
     "f:6: backend shop: balance random meets shares only"},
    {HEAD "backend shop\n" STATE SERVERS, "warning", "f:5: backend shop has no balance"},
    {HEAD BACKEND SERVERS "server old 10.0.0.1:80 weight 7\n", "error",
     "f:11: backend shop: server old is none of rollout's "
     "(Server=%c-%n) and takes part with weight 7"},
    {HEAD BACKEND "cookie SRV insert\n" BLUE_1 "server green-1 127.0.0.1:9011 check cookie g1\n", "error",
     "f:11: backend shop: server green-1 has cookie g1"},
    {HEAD BACKEND BLUE_1 "server green-1 127.0.0.1:9011 check cookie g1\n", NULL, NULL}, /* nobody sets it */
    {HEAD BACKEND "cookie SRV insert dynamic\n" SERVERS, "error",
     "f:9: backend shop: `cookie dynamic` leads requests past"},
    {HEAD BACKEND "stick-table type ip size 1k\nstick on src\n" SERVERS, "error",
     "f:10: backend shop: `stick on` leads"},
    {HEAD BACKEND "use-server blue-1 if TRUE\n" SERVERS, "error", "f:9: backend shop: `use-server` leads"},
    {HEAD BACKEND BLUE_1 "server green-1 127.0.0.1:9011 check agent-check\n", "error",
     "f:10: backend shop: server green-1 has agent-check"},
    {HEAD BACKEND "default-server agent-check\n" BLUE_1 "server green-1 127.0.0.1:9011 check no-agent-check\n", "error",
     "f:10: backend shop: server blue-1 has agent-check"},
    {HEAD BACKEND BLUE_1 "server green-1 127.0.0.1:9011\n", "error", "f:10: backend shop: server green-1 has no check"},
    {HEAD BACKEND BLUE_1 "server green-1 127.0.0.1:9011 check backup\n", "error",
     "f:10: backend shop: server green-1 is a backup"},
    {HEAD BACKEND BLUE_1 "server green-1 127.0.0.1 check\n", "error", "f:10: backend shop: server green-1 has no port"},
    {HEAD BACKEND BLUE_1 "server green-1 127.0.0.1:9001 check\n", "error",
     "f:10: backend shop: servers blue-1 and green-1 have the same address 127.0.0.1:9001"},
    {HEAD BACKEND BLUE_1 "server green-1 127.0.0.1:9011 check weight 0\n", "warning",
     "f:10: backend shop: server green-1 has weight 0"},
    {HEAD BACKEND BLUE_1 "server green-1 127.0.0.1:9011 check disabled\n", "warning",
     "f:10: backend shop: server green-1 is disabled"},
    {HEAD BACKEND BLUE_1 "server green-1 127.0.0.1:9011 check slowstart 5s\n", "warning",
     "f:10: backend shop: server green-1 has slowstart"},
    {HEAD BACKEND BLUE_1 GREEN "inter 30s rise 5\n", "warning",
     "f:10: backend shop: server green-1 is checked every 30s, rise 5: a new instance gets its first request up to "
     "2min "
     "30s after it is ready, and a crash is noticed late: expected `check inter 500ms rise 1`"},
    {HEAD BACKEND BLUE_1 GREEN "inter 2s rise 2\n", NULL, NULL},
    {HEAD BACKEND BLUE_1 GREEN "inter 2000\n", NULL, NULL},
    {HEAD BACKEND BLUE_1 GREEN "inter 2000000us\n", NULL, NULL},
    {HEAD BACKEND BLUE_1 GREEN "inter 99999999999us\n", "warning", "every 1d 3h 46min 39s 999ms 999us, rise 2: a new"},
    {HEAD BACKEND BLUE_1 GREEN "inter 2001\n", "warning", "every 2s 1ms, rise 2: a new"},
    {HEAD BACKEND BLUE_1 GREEN "inter 3000ms\n", "warning", "every 3s, rise 2: a new"},
    {HEAD BACKEND BLUE_1 GREEN "inter 1m\n", "warning", "every 1min, rise 2: a new"},
    {HEAD BACKEND BLUE_1 GREEN "inter 1h rise 1\n", "warning", "every 1h, rise 1: a new"},
    {HEAD BACKEND BLUE_1 GREEN "inter 1d\n", "warning", "every 1d, rise 2: a new"},
    {HEAD BACKEND BLUE_1 GREEN "inter 99999999999999999999d rise 99999999999\n", "warning", "every 30d, rise 65535: a"},
    {HEAD BACKEND BLUE_1 GREEN "inter \"${INTER}\" rise 2\n", NULL, NULL},
    {HEAD BACKEND BLUE_1 GREEN "inter 1w\n", NULL, NULL}, /* HAProxy says that it is none */
    {HEAD BACKEND BLUE_1 GREEN "rise 3\n", "warning",
     "every 2s, rise 3: a new instance gets its first request up to 6s after it is ready: expected"},
    {HEAD BACKEND BLUE_1 GREEN "inter 100ms rise 5\n", NULL, NULL}, /* as soon as with what is expected */
    {HEAD BACKEND BLUE_1 GREEN "inter 10s fastinter 500ms downinter 1s rise 3\n", "warning",
     "every 10s, rise 3: a new instance gets its first request up to 2s after"},
    {HEAD BACKEND "default-server inter 30s rise 5\n" BLUE_1 GREEN "inter 500ms rise 1\n", "warning",
     "f:10: backend shop: server blue-1 is checked every 30s, rise 5"},
    {HEAD "default-server inter 30s\n" BACKEND "default-server inter 1s\n" SERVERS, NULL, NULL},
    {HEAD BACKEND BLUE_1 "default-server inter 30s\n" GREEN "\n", "warning",
     "f:11: backend shop: server green-1 is ch"},
    {HEAD BACKEND BLUE_1 "server green-1 127.0.0.1:9011 track other/x inter 30s\n", NULL, NULL},
    {HEAD BACKEND SERVERS "server sorry 127.0.0.1:1 backup check inter 30s\n", NULL, NULL},
    {HEAD "backend shop\nbalance roundrobin\n" SERVERS, "warning",
     "f:5: backend shop forgets weights when HAProxy reloads"},
    {HEAD BACKEND "no option redispatch\n" SERVERS, "warning", "f:5: backend shop has no option redispatch"},
    {HEAD BACKEND "retry-on conn-failure\n" SERVERS, "warning", "f:5: backend shop does not retry"},
    {HEAD BACKEND "mode tcp\nretry-on conn-failure\n" SERVERS, NULL, NULL},
};

static void judge(const char *text, const struct spec *spec, enum says_ready says_ready, const char *const remembered[],
                  struct findings *findings) {
    _cleanup_haproxy_config_ struct haproxy_config *config = NULL;
    _cleanup_haproxy_facts_ struct haproxy_facts facts = {0};
    struct error err = {0};
    if (haproxy_config_read(text, strlen(text), "f", &config, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(haproxy_facts_from_config(config, "f", &facts), 0);
    haproxy_facts_routes(config, spec->haproxy.route_map, &facts);
    haproxy_traps(spec, &facts, says_ready, remembered, findings);
}

static struct spec spec_of(const char *text) {
    struct spec *loaded = NULL;
    struct error err = {0};
    if (spec_parse("shop", text, "shop.conf", &loaded, &err) < 0)
        fail_msg("%s", err.text);
    struct spec spec = {
        .unit = "shop@.service", .replicas = loaded->replicas, .haproxy = loaded->haproxy, .app = "shop"};
    memcpy(spec.session_cookie, loaded->session_cookie, sizeof spec.session_cookie);
    (void)spec_free(loaded);
    return spec;
}

static void assert_finding(const struct row *row, const struct findings *findings) {
    char line[1024];
    if (!row->finding) {
        if (findings->n > 0)
            fail_msg("%s\n%s: %s", row->text, findings->list[0].place, findings->list[0].text);
        return;
    }
    if (findings->n != 1)
        fail_msg("%zu findings, expected one \"%s\" in\n%s", findings->n, row->finding, row->text);
    const struct finding *found = &findings->list[0];
    (void)snprintf(line, sizeof line, "%s: %s", found->place, found->text);
    if (!strstr(line, row->finding))
        fail_msg("\"%s\", expected \"%s\"", line, row->finding);
    assert_int_equal(found->severity, strcmp(row->severity, "error") == 0 ? SEVERITY_ERROR : SEVERITY_WARNING);
}

static void test_traps(void **state) {
    const struct spec spec = spec_of("[Rollout]\nReplicas=1\n[HAProxy]\nSocket=/s\n");
    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        _cleanup_findings_ struct findings findings = {0};
        judge(rows[i].text, &spec, SAYS_READY_NO, NULL, &findings);
        assert_finding(&rows[i], &findings);
    }
}

static void test_no_check(void **state) {
    const struct spec spec = spec_of("[Rollout]\nReplicas=1\n[HAProxy]\nSocket=/s\n");
    _cleanup_findings_ struct findings notify = {0}, unknown = {0};
    static const char text[] = HEAD BACKEND BLUE_1 "server green-1 127.0.0.1:9011\n";
    judge(text, &spec, SAYS_READY_YES, NULL, &notify);
    assert_int_equal(notify.n, 0);
    judge(text, &spec, SAYS_READY_UNKNOWN, NULL, &unknown);
    assert_int_equal(unknown.n, 1);
    assert_int_equal(unknown.n_errors, 0);
}

static void test_two_backends(void **state) {
    const struct spec spec =
        spec_of("[Rollout]\nReplicas=1\n[HAProxy]\nSocket=/s\nBackend=shop\nPreviewBackend=preview\n");
    _cleanup_findings_ struct findings findings = {0};
    judge(HEAD BACKEND SERVERS "backend preview\n" BLUE_1 "server green-1 127.0.0.1:9012 check\n", &spec, SAYS_READY_NO,
          NULL, &findings);
    assert_int_equal(findings.n_errors, 1);
    assert_non_null(strstr(findings.list[findings.n - 1].text,
                           "server green-1 has address 127.0.0.1:9012, in backend shop it has 127.0.0.1:9011"));
}

/* Several hosts behind one HAProxy: the others' servers have weight of their own. */
static void test_siblings(void **state) {
    const struct spec spec = spec_of("[Rollout]\nReplicas=1\n[HAProxy]\nSocket=/s\nServer=%H-%c-%n\n");
    char host[64] = "", text[2048];
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    (void)snprintf(text, sizeof text,
                   HEAD BACKEND "server %s-blue-1 10.0.0.1:9001 check\nserver %s-green-1 10.0.0.1:9011 check\n"
                                "server next.to-%s-blue-1 10.0.0.2:9001 check\nserver two-green-2 10.0.0.2:9012 check\n"
                                "server two-red-1 10.0.0.2:9021 check\n",
                   host, host, host);
    _cleanup_findings_ struct findings findings = {0};
    judge(text, &spec, SAYS_READY_NO, NULL, &findings);
    assert_int_equal(findings.n, 1);
    assert_non_null(strstr(findings.list[0].text, "server two-red-1 is none of rollout's (Server=%H-%c-%n)"));
}

#define ROUTED                                                                                                 \
    "[Rollout]\nReplicas=1\n[HAProxy]\nSocket=/s\nPreviewBackend=preview\nRouteMap=/r\n[Canary]\nStep=pause\n" \
    "SessionCookie=c\n"
#define FRONTEND                                                                                                      \
    "frontend www\nhttp-request set-var(txn.route) req.hdrs,map_reg(/r) if { nbsrv(preview) gt 0 } or { stopping }\n" \
    "use_backend %[var(txn.route)] if { var(txn.route) -m found }\ndefault_backend shop\n"
#define COOKIE "http-response add-header Set-Cookie %[srv_name,map_reg(/r)] if { srv_name,map_reg(/r) -m found }\n"

/* Requests have to be looked up in RouteMap=, and to go where it says. */
static void test_routes(void **state) {
    const struct spec spec = spec_of(ROUTED);
    _cleanup_findings_ struct findings none = {0}, other = {0}, all = {0}, forgetful = {0};
    judge(HEAD BACKEND SERVERS "backend preview\n" SERVERS, &spec, SAYS_READY_NO, NULL, &none);
    assert_int_equal(none.n_errors, 3);
    assert_non_null(
        strstr(none.list[0].text,
               "no header is looked up in RouteMap=: add `http-request set-var(txn.route) "
               "req.hdrs,map_reg(/r) if { nbsrv(preview) gt 0 } or { stopping } !{ be_conn_free(preview) eq 0 "
               "}` to the frontend"));
    assert_non_null(strstr(none.list[1].text, "no request follows RouteMap=: add `use_backend %[var(txn.route)] if { "
                                              "var(txn.route) -m found }` to the frontend"));
    assert_non_null(
        strstr(none.list[2].text, "nobody is given SessionCookie=: add `http-response add-header Set-Cookie "));
    judge(HEAD FRONTEND BACKEND "http-response add-header Set-Cookie %[srv_name,map_reg(/other)]\n" SERVERS
                                "backend preview\n" SERVERS,
          &spec, SAYS_READY_NO, NULL, &other);
    assert_int_equal(other.n_errors, 1);
    judge(HEAD FRONTEND BACKEND COOKIE SERVERS "backend preview\n" COOKIE SERVERS, &spec, SAYS_READY_NO, NULL, &all);
    assert_int_equal(all.n_errors, 0);
    judge(HEAD "frontend www\nhttp-request set-var(txn.route) req.hdrs,map_reg(/r) if { nbsrv(preview) gt 0 }\n"
               "use_backend %[var(txn.route)] if { var(txn.route) -m found }\n" BACKEND COOKIE SERVERS
               "backend preview\n" COOKIE SERVERS,
          &spec, SAYS_READY_NO, NULL, &forgetful);
    assert_int_equal(forgetful.n_errors, 0);
    assert_int_equal(forgetful.n, all.n + 1);
    assert_non_null(strstr(forgetful.list[0].text, "nbsrv is 0 in a process that stops"));
}

#define REMEMBERED                                                                                                   \
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "              \
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state " \
    "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr "          \
    "srv_agent_addr "                                                                                                \
    "srv_agent_port\n"                                                                                               \
    "3 shop 1 blue-1 127.0.0.1 2 0 100 100 6 1 0 0 6 0 0 0 - 9009 - 0 0 - - 0\n"                                     \
    "3 shop 2 green-1 127.0.0.1 0 1 0 100 6 1 0 0 6 0 0 0 - 9011 - 0 0 - - 0\n"

static void test_remembered(void **state) {
    const struct spec spec = spec_of("[Rollout]\nReplicas=1\n[HAProxy]\nSocket=/s\n");
    const char *remembered[] = {REMEMBERED, NULL};
    _cleanup_findings_ struct findings findings = {0};
    judge(HEAD BACKEND SERVERS, &spec, SAYS_READY_NO, remembered, &findings);
    assert_int_equal(findings.n, 1);
    assert_non_null(strstr(findings.list[0].text,
                           "server blue-1 has address 127.0.0.1:9001, but the remembered state says 127.0.0.1:9009"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),      cmocka_unit_test(test_sections), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_traps),      cmocka_unit_test(test_no_check), cmocka_unit_test(test_two_backends),
        cmocka_unit_test(test_remembered), cmocka_unit_test(test_siblings), cmocka_unit_test(test_routes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
