/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "spec/spec.h"

#define METRIC "[Metric m]\nProvider=prometheus\n"
#define NO_SOCKET                                                                                               \
    " is no socket, expected a path, or a numeric address and port as 10.0.0.2:9999 or [::1]:9999: host names " \
    "are not looked up"
#define NO_SERVER ", which is no name of a server, expected letters, digits, - _ . :"
#define FIFTY "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define STEP METRIC "[Canary]\nStep=analysis m\n"

/* Every way to get the configuration wrong, and what the operator reads then. */
static void says_what_is_wrong_and_where(void **state) {
    static const struct {
        const char *text, *error;
    } cases[] = {
        /* sections and keys */
        {"[Rolout]\n", "f:1: unknown section [Rolout], did you mean Rollout?"},
        {"[Weird]\n", "f:1: unknown section [Weird], expected Rollout, HAProxy, Canary, BlueGreen, Args, Template, "
                      "Metric, Hook or Notify"},
        {"[Rollout]\nReplica=2\n", "f:2: unknown key Replica= in [Rollout], did you mean Replicas?"},
        {"[Rollout]\nreplicas=2\n", "f:2: unknown key replicas= in [Rollout], did you mean Replicas?"},
        {"[Rollout]\nColor=blue\n", "f:2: unknown key Color= in [Rollout]"},
        {"[Canary]\nReplicas=2\n", "f:2: unknown key Replicas= in [Canary], expected it in [Rollout]"},
        {"[Rollout]\nStep=pause\n", "f:2: unknown key Step= in [Rollout], expected it in [Canary]"},
        {"[Metric m]\nQurey=x\n", "f:2: unknown key Qurey= in [Metric], did you mean Query?"},
        {"[Rollout x]\n", "f:1: [Rollout x] with a name, expected [Rollout]"},
        {"[Metric]\n", "f:1: [Metric] without a name, expected [Metric NAME]"},
        {"[Template]\n", "f:1: [Template] without a name, expected [Template NAME]"},
        {"[Metric a/b]\n",
         "f:1: bad name \"a/b\", expected up to 63 letters, digits, - _ . and a letter or digit first"},
        {"[Metric nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn]\n",
         "f:1: bad name \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\", expected up to 63 "
         "letters, digits, - _ . and a letter or digit first"},
        {"[Template t]\n[Rollout]\n", "f:2: [Rollout] in template t, expected [Args] or [Metric NAME]"},
        /* values */
        {"[Rollout]\nReplicas=0\n", "f:2: Replicas: \"0\" is no such number, expected 1 to 32"},
        {"[Rollout]\nReplicas=33\n", "f:2: Replicas: \"33\" is no such number, expected 1 to 32"},
        {"[Rollout]\nReplicas=-1\n", "f:2: Replicas: \"-1\" is no such number, expected 1 to 32"},
        {"[Rollout]\nReplicas=two\n", "f:2: Replicas: \"two\" is no such number, expected 1 to 32"},
        {"[Rollout]\nReplicas=18446744073709551617\n",
         "f:2: Replicas: \"18446744073709551617\" is no such number, expected 1 to 32"},
        {"[Rollout]\n\nProgressDeadlineAbort=true\n",
         "f:3: ProgressDeadlineAbort: \"true\" is neither, expected yes or no"},
        {"[Rollout]\nMinReadySec=-5s\n", "f:2: MinReadySec: \"-5s\" is negative, expected a time span of 0 or more"},
        {"[Rollout]\nMinReadySec=5 parsecs\n", "f:2: MinReadySec: \"parsecs\" in \"5 parsecs\" is no unit of "
                                               "time, expected us, ms, s, min, h, d, w, M or y"},
        {"[Rollout]\nMinReadySec=infinity\n", "f:2: MinReadySec: infinity has no meaning here, expected a time span"},
        {"[HAProxy]\nPollSec=1ms\n", "f:2: PollSec: 1ms is out of range, expected 100ms to 1d"},
        {"[Rollout]\nStrategy=bluegreen\n",
         "f:2: Strategy: unknown \"bluegreen\", expected canary or blueGreen, did you mean blueGreen?"},
        {"[Rollout]\nOnSupersede=ask\n", "f:2: OnSupersede: unknown \"ask\", expected replace, queue or reject"},
        {"[Rollout]\nUnit=shop.service\n", "f:2: Unit: \"shop.service\" is no template unit, expected NAME@.service"},
        {"[Rollout]\nUnit=../x@.service\n", "f:2: Unit: \"../x@.service\" is no template unit, expected NAME@.service"},
        {"[Rollout]\nUnit=shop@blue.service\n",
         "f:2: Unit: \"shop@blue.service\" is no template unit, expected NAME@.service"},
        {"[Rollout]\nRelease=srv/%v\n",
         "f:2: Release: \"srv/%v\" is no absolute path, expected one that begins with /"},
        {"[Rollout]\nRelease=/srv/%i\n",
         "f:2: Release: unknown specifier in \"/srv/%i\", expected %v (the version) or %%"},
        {"[Rollout]\nRelease=/srv/%\n",
         "f:2: Release: unknown specifier in \"/srv/%\", expected %v (the version) or %%"},
        {"[Rollout]\nDeployWindow=always\n",
         "f:2: DeployWindow: \"always\" is no deploy window, expected one like \"Mon..Thu 09:00-16:00\""},
        {"[HAProxy]\nSocket=admin.sock\n", "f:2: Socket: \"admin.sock\"" NO_SOCKET},
        {"[HAProxy]\nSocket=lb.example.org:9999\n", "f:2: Socket: \"lb.example.org:9999\"" NO_SOCKET},
        {"[HAProxy]\nSocket=10.0.0.2:0\n", "f:2: Socket: \"10.0.0.2:0\"" NO_SOCKET},
        {"[HAProxy]\nSocket=10.0.0.2:65536\n", "f:2: Socket: \"10.0.0.2:65536\"" NO_SOCKET},
        {"[HAProxy]\nMasterSocket=lb:9999\n", "f:2: MasterSocket: \"lb:9999\"" NO_SOCKET},
        {"[HAProxy]\nMasterSocket=/" FIFTY FIFTY FIFTY "\n",
         "f:2: MasterSocket: the path /" FIFTY
         "nnnnnnnnnnnnnnnnnnnnnnnnn... has 151 bytes, expected at most 107 for a socket"},
        {"[HAProxy]\nSocket=/a\nSocket=/a\n", "f:3: Socket: /a is given twice, expected one line per load balancer"},
        {"[HAProxy]\nSocket=/a\nSocket=/b\nSocket=/c\nSocket=/d\nSocket=/e\n",
         "f:6: Socket: more than 4 load balancers, expected fewer"},
        {"[HAProxy]\nBackend=a b\n", "f:2: Backend: bad name \"a b\", expected letters, digits, - _ . :"},
        {"[HAProxy]\nBackend=a\nBackend=a\n", "f:3: Backend: a is given twice, expected one line per backend"},
        {"[HAProxy]\nServer=%c\n",
         "f:2: Server: bad pattern \"%c\", expected %c (color) and %n (number), also %H (host)"},
        {"[HAProxy]\nServer=%c-%n-%x\n",
         "f:2: Server: bad pattern \"%c-%n-%x\", expected %c (color) and %n (number), also %H (host)"},
        {"[HAProxy]\nServer=%c %n\n", "f:2: Server: it gives \"green 32\"" NO_SERVER},
        {"[HAProxy]\nServer=%c-%n%%\n", "f:2: Server: it gives \"green-32%\"" NO_SERVER},
        {"[HAProxy]\nServer=web[%c]%n\n", "f:2: Server: it gives \"web[green]32\"" NO_SERVER},
        {"[HAProxy]\nServer=%c_%n@\xc3\xa4\n", "f:2: Server: it gives \"green_32@\xc3\xa4\"" NO_SERVER},
        {"[HAProxy]\nServer=" FIFTY "-----%c-%n-\n",
         "f:2: Server: it gives names of more than 63 bytes, expected shorter ones"},
        {"[HAProxy]\nServer=" FIFTY "-----%c-%n\n", ""},
        {"[HAProxy]\nServer=" FIFTY FIFTY "%c-%n\n",
         "f:2: Server: it gives names of more than 63 bytes, expected shorter ones"},
        {"[HAProxy]\nRouteMap=map\n", "f:2: RouteMap: \"map\" is no absolute path, expected one that begins with /"},
        {"[Canary]\nStep=setWeight 120\n", "f:2: Step: weight 120 is more than everything, expected 0 to 100"},
        {"[Canary]\nStep=setWeigth 20\n", "f:2: Step: unknown step \"setWeigth\", did you mean setWeight?"},
        {"[Metric m]\nProvider=promehteus\n",
         "f:2: Provider: unknown \"promehteus\", expected prometheus, haproxy, web "
         "or job, did you mean prometheus?"},
        {"[Metric m]\nInsecureTLS=maybe\n", "f:2: InsecureTLS: \"maybe\" is neither, expected yes or no"},
        {"[Metric m]\nRetain=100\n", "f:2: Retain: \"100\" is no such number, expected 1 to 32"},
        /* conditions */
        {"[Metric m]\nSuccessCondition=result[0 >= 1\n", NULL},
        {"[Metric m]\nSuccessCondition=result[0] >= {{args.a}\n" STEP, NULL},
        /* what belongs together */
        {"[Metric m]\n", "f:1: [Metric m] has no Provider=, expected one"},
        {METRIC "MinSamples=5\n", "f:1: [Metric m] has MinSamples= and no SamplesQuery=, expected both or none"},
        {METRIC "SamplesQuery=x\n", "f:1: [Metric m] has SamplesQuery= and no MinSamples=, expected both or none"},
        {METRIC "SuccessCondition=result[0] > baseline[0]\n",
         "f:1: [Metric m] has baseline in a condition, expected BaselineQuery= with it"},
        {"[Metric m]\nProvider=web\nBaselineQuery=x\n",
         "f:1: [Metric m] has BaselineQuery=, expected Provider=prometheus with it"},
        {METRIC "Count=2\n", "f:1: [Metric m] has Count=2 and no IntervalSec=, expected one"},
        {METRIC "Count=2\nIntervalSec=1s\nFailureLimit=3\n",
         "f:1: [Metric m] can never reach FailureLimit=3 with Count=2"},
        {"[Canary]\nStep=pause\nStep=analysis m\n", "f:3: Step: \"m\" is neither a [Metric] nor a [Template]"},
        {"[Metric checkouts]\nProvider=web\n[Canary]\nStep=analysis chekouts\n",
         "f:4: Step: \"chekouts\" is neither a [Metric] nor a [Template], did you mean checkouts?"},
        {"[Canary]\nBackgroundAnalysis=x\n", "f:2: BackgroundAnalysis: \"x\" is neither a [Metric] nor a [Template]"},
        {"[BlueGreen]\nPrePromotionAnalysis=x\n",
         "f:2: PrePromotionAnalysis: \"x\" is neither a [Metric] nor a [Template]"},
        {"[Template t]\n", "f:1: template t has no metric, expected [Metric NAME]"},
        {METRIC "IntervalSec=1s\n[Canary]\nStep=analysis m\n",
         "f:5: Step: metric m measures for ever, expected Count= or ConsecutiveSuccessLimit= with its IntervalSec= "
         "(f:1)"},
        {STEP "[Template t]\n[Metric m]\nProvider=job\n[Metric m]\nQuery=x\n", ""},
        {"[Canary]\nStep=analysis s t\n[Template s]\n[Metric m]\nProvider=job\n[Template t]\n[Metric "
         "m]\nProvider=job\n",
         "f:2: Step: two metrics have the name m, expected different ones"},
        {"[Canary]\nStep=pause\nBackgroundAnalysisStartingStep=2\n",
         "f:3: BackgroundAnalysisStartingStep: there is no step 2, expected 0 to 1"},
        {"[Canary]\nStep=pause\nStep=setHeaderRoute r H exact 1\n", "f:3: Step: a route needs RouteMap= in [HAProxy]"},
        {"[HAProxy]\nRouteMap=/map\n[Canary]\nStep=setCookieRoute r H exact 1\n",
         "f:4: Step: a route needs PreviewBackend= in [HAProxy]"},
        {"[HAProxy]\nRouteMap=/map\n[Canary]\nSessionCookie=c\n",
         "f:4: SessionCookie: it needs PreviewBackend= in [HAProxy]"},
        {"[HAProxy]\nRouteMap=/a b\n",
         "f:2: RouteMap: \"/a b\" has to be named in HAProxy's commands, expected letters, "
         "digits, / . _ - : @ +"},
        {"[Hook h]\nURL=x\n", "f:1: [Hook h] has no At=, expected when it is asked"},
        {"[Hook h]\nAt=rollout\n", "f:1: [Hook h] has neither URL= nor Unit=, expected either URL= or Unit="},
        {"[Hook h]\nAt=rollout\nURL=x\nUnit=x@.service\n",
         "f:1: [Hook h] has URL= and Unit=, expected either URL= or Unit="},
        {"[Hook h]\nAt=rollouts\n", "f:2: At: unknown \"rollouts\", expected confirm-rollout, pre-rollout, rollout, "
                                    "confirm-traffic-increase, confirm-promotion, post-rollout, rollback or event, did "
                                    "you mean rollout?"},
        {"[Hook h]\nAt=rollback pre-rollout\nUnit=x@.service\n",
         "f:1: [Hook h] may need Unit=x@.service while it still runs for another moment, and it runs once at a time: "
         "expected a unit for each"},
        {"[Hook g]\nAt=event\nUnit=x@.service\n[Hook h]\nAt=pre-rollout\nUnit=x@.service\n",
         "f:4: [Hook h] may need Unit=x@.service while it still runs for another moment of g, and it runs once at a "
         "time: expected a unit for each"},
        {"[Notify n]\nOn=rollout-aborted\n", "f:1: [Notify n] has no Type=, expected one"},
        {"[Notify n]\nType=slack\nURL=x\n", "f:1: [Notify n] has no On=, expected events to tell of"},
        {"[Notify n]\nType=slack\nOn=rollout-aborted\n",
         "f:1: [Notify n] is of Type=slack and has no URL=, expected one"},
        /* placeholders */
        {STEP "[Metric m]\nQuery={{args.a}}\n", "f:6: Query: {{args.a}} has no value, expected a= in [Args]"},
        {STEP "[Metric m]\nQuery={{canary.server}}\n",
         "f:6: Query: unknown {{canary.server}}, did you mean canary.servers?"},
        {STEP "[Metric m]\nQuery={{ a {{b}} }}\n",
         "f:6: Query: \"{{ a {{b}} }}\" is no placeholder, expected {{NAME}}, none within another"},
        {STEP "[Metric m]\nQuery=x {{}}\n",
         "f:6: Query: \"{{}}\" is no placeholder, expected {{NAME}}, none within another"},
        {STEP "[Args]\na={{args.app}}\n[Metric m]\nQuery={{args.a}}\n",
         "f:8: Query: the value of {{args.a}} holds {{, expected plain text"},
        {"[Canary]\nStep=analysis t\n[Template t]\n[Args]\nport=\n[Metric m]\nProvider=web\nURL={{args.port}}\n",
         "f:8: URL: {{args.port}} has no value, expected port= in [Args]"},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct spec *spec = NULL;
        struct error err = {0};
        int r = spec_parse("shop", cases[i].text, "f", &spec, &err);
        if (cases[i].error && cases[i].error[0] == '\0') {
            assert_int_equal(r, 0);
            spec_free(spec);
            continue;
        }
        if (r == 0)
            fail_msg("taken: %s", cases[i].text);
        assert_null(spec);
        if (cases[i].error)
            assert_string_equal(err.text, cases[i].error);
    }
}

static void assert_caret(const char *condition, const char *shown) {
    char text[1024];
    struct error err = {0};

    (void)snprintf(text, sizeof text, "[Metric m]\nProvider=job\nSuccessCondition=%s\n", condition);
    assert_int_equal(spec_parse("shop", text, "f", &(struct spec *){NULL}, &err), -EINVAL);
    assert_memory_equal(err.text, "f:3: SuccessCondition: ", 23);
    const char *newline = strchr(err.text, '\n');
    assert_non_null(newline);
    assert_string_equal(newline, shown);
}

static void a_caret_stands_under_the_column(void **state) {
    assert_caret("result[0] >> 1", "\n    result[0] >> 1\n               ^");
    assert_caret("\"\xc3\xa9\" $", "\n    \"\xc3\xa9\" $\n        ^");
    assert_caret(
        "result[0] > 0 && result[0] > 0 && result[0] > 0 && result[0] > 0 && result[0] > 0 && $",
        "\n    lt[0] > 0 && result[0] > 0 && result[0] > 0 && $\n                                                   ^");
}

static void bad_apps_are_refused(void **state) {
    struct error err = {0};

    assert_int_equal(spec_parse("../shop", "", "f", &(struct spec *){NULL}, &err), -EINVAL);
    assert_string_equal(err.text,
                        "\"../shop\" is no name of an app, expected up to 63 lower-case letters, digits and -");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_wrong_and_where),
        cmocka_unit_test(a_caret_stands_under_the_column),
        cmocka_unit_test(bad_apps_are_refused),
    };
    return cmocka_run_group_tests_name("spec-errors", tests, NULL, NULL);
}
