/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "spec/spec.h"

static struct spec *parsed(const char *text) {
    struct spec *spec = NULL;
    struct error err = {0};

    if (spec_parse("shop", text, "f", &spec, &err) < 0)
        fail_msg("%s", err.text);
    return spec;
}

static void nothing_written_is_all_default(void **state) {
    struct spec *spec = parsed("");

    assert_string_equal(spec->app, "shop");
    assert_int_equal(spec->strategy, STRATEGY_CANARY);
    assert_string_equal(spec->unit, "shop@.service");
    assert_int_equal(spec->replicas, 1);
    assert_null(spec->release);
    assert_string_equal(spec->prepare, "");
    assert_true(spec->min_ready == 0);
    assert_true(spec->progress_deadline == 600 * USEC_PER_SEC);
    assert_false(spec->progress_deadline_abort);
    assert_int_equal(spec->revision_history_limit, 10);
    assert_int_equal(spec->rollback_window, 0);
    assert_true(spec->scale_down_delay == 30 * USEC_PER_SEC);
    assert_true(spec->abort_scale_down_delay == 30 * USEC_PER_SEC);
    assert_true(spec->drain_timeout == 30 * USEC_PER_SEC);
    assert_int_equal(spec->on_supersede, SUPERSEDE_REPLACE);
    assert_int_equal(spec->crash_limit, 0);
    assert_int_equal(spec->n_deploy_windows, 0);
    assert_int_equal(spec->haproxy.n_sockets, 1);
    assert_string_equal(spec->haproxy.sockets[0], "/run/haproxy/admin.sock");
    assert_int_equal(spec->haproxy.n_backends, 1);
    assert_string_equal(spec->haproxy.backends[0], "shop");
    assert_string_equal(spec->haproxy.server, "%c-%n");
    assert_true(spec->haproxy.poll == 5 * USEC_PER_SEC);
    assert_int_equal(spec->n_steps, 0);
    assert_true(spec->auto_promotion);
    assert_int_equal(spec->preview_replicas, 0);
    assert_true(spec->session_cookie_max_age == 86400 * USEC_PER_SEC);
    assert_string_equal(spec->text, "");
    assert_string_equal(spec->digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    spec_free(spec);
}

/* Every key, each with another value than its default. */
static const char everything[] =
    "[Rollout]\nStrategy=canary\nUnit=web@.service\nReplicas=3\nRelease=/srv/%v/100%%\nPrepare=fetch@.service\n"
    "MinReadySec=5s\nProgressDeadlineSec=infinity\nProgressDeadlineAbort=yes\nRevisionHistoryLimit=30\nRollbackWindow="
    "2\n"
    "ScaleDownDelaySec=infinity\nAbortScaleDownDelaySec=0\nDrainTimeoutSec=1min 30s\nOnSupersede=queue\nCrashLimit=4\n"
    "DeployWindow=Mon..Thu 09:00-16:00\nDeployWindow=Sat\n"
    "[HAProxy]\nSocket=/run/a.sock\nSocket=10.0.0.2:9999\nSocket=[::1]:99\nMasterSocket=/run/master.sock\nBackend=one\n"
    "Backend=two\nPreviewBackend=pre\nServer=%H-%c_%n\nRouteMap=/var/map\nPollSec=500ms\n"
    "[Canary]\nStep=setWeight 33.33\nStep=pause\nStep=analysis inline many\nStep=setHeaderRoute r X-H exact v\n"
    "BackgroundAnalysis=inline\nBackgroundAnalysis=many\nBackgroundAnalysisStartingStep=2\nDynamicStableScale=yes\n"
    "SessionCookie=rev\nSessionCookieMaxAgeSec=1h\n"
    "[BlueGreen]\nAutoPromotion=no\nAutoPromotionSec=2s\nPreviewReplicas=1\nPrePromotionAnalysis=inline\n"
    "PostPromotionAnalysis=many\n"
    "[Args]\nservice-name=shop\nlimit=5\n"
    "[Metric inline]\nProvider=prometheus\nInitialDelaySec=1s\nIntervalSec=2s\nCount=9\nSuccessCondition=result[0] > "
    "1\n"
    "FailureCondition=result[0] < {{args.limit}}\nFailureLimit=1\nInconclusiveLimit=2\nConsecutiveErrorLimit=3\n"
    "ConsecutiveSuccessLimit=5\nOnNoData=failure\nOnFailure=pause\nDryRun=yes\nRetain=32\nBaselineQuery=b\nMinSamples="
    "3\n"
    "SamplesQuery=s\nAddress=http://p\nQuery=q\\ \nRangeSec=1min\nRangeStepSec=1s\nTimeoutSec=3s\nURL=http://u\n"
    "Method=POST\nBody=x\nJSONBody={}\nJSONPath=$.a\nHeader=A: 1\nHeader=B: 2\nBearerCredential=c\nBasicCredential=d\n"
    "CAFile=/ca\nClientCertificate=/c\nClientKey=/"
    "k\nInsecureTLS=yes\nUnit=job@.service\nMeasure=queue-time\nOf=stable\n"
    "WindowSec=2min\n"
    "[Hook ok]\nAt=confirm-promotion rollback\nURL=http://h\nTimeoutSec=1s\nRetries=2\nIntervalSec=3s\nHeader=A: 1\n"
    "BearerCredential=t\n[Hook unit]\nAt=event post-rollout\nUnit=hook@.service\n"
    "[Hook one]\nAt=pre-rollout rollout\nUnit=step@.service\n[Hook two]\nAt=rollout\nUnit=step@.service\n"
    "[Notify team]\nType=email\nOn=rollout-aborted\nOn=rollout-completed "
    "rollout-paused\nTo=a@b\nFrom=c@d\nURL=http://n\n"
    "Unit=n@.service\nHeader=A: 1\nBearerCredential=t\nTimeoutSec=9s\n"
    "[Template many]\nDescription=two of them\n[Args]\nlimit=7\nport=\nservice-name=\n[Metric first]\nProvider=web\n"
    "URL=http://{{args.service-name}}\n[Metric second]\nProvider=job\nUnit=x@.service\n";

static void check_everything(const struct spec *spec) {
    assert_int_equal(spec->strategy, STRATEGY_CANARY);
    assert_string_equal(spec->unit, "web@.service");
    assert_int_equal(spec->replicas, 3);
    assert_string_equal(spec->release, "/srv/%v/100%%");
    assert_string_equal(spec->prepare, "fetch@.service");
    assert_true(spec->min_ready == 5 * USEC_PER_SEC);
    assert_true(spec->progress_deadline == USEC_INFINITY);
    assert_true(spec->progress_deadline_abort);
    assert_int_equal(spec->revision_history_limit, 30);
    assert_int_equal(spec->rollback_window, 2);
    assert_true(spec->scale_down_delay == USEC_INFINITY);
    assert_true(spec->abort_scale_down_delay == 0);
    assert_true(spec->drain_timeout == 90 * USEC_PER_SEC);
    assert_int_equal(spec->on_supersede, SUPERSEDE_QUEUE);
    assert_int_equal(spec->crash_limit, 4);
    assert_int_equal(spec->n_deploy_windows, 2);
    assert_string_equal(spec->deploy_windows[1], "Sat");

    const struct haproxy_spec *haproxy = &spec->haproxy;
    assert_int_equal(haproxy->n_sockets, 3);
    assert_string_equal(haproxy->sockets[1], "10.0.0.2:9999");
    assert_string_equal(haproxy->master_socket, "/run/master.sock");
    assert_int_equal(haproxy->n_backends, 2);
    assert_string_equal(haproxy->backends[1], "two");
    assert_string_equal(haproxy->preview_backend, "pre");
    assert_string_equal(haproxy->server, "%H-%c_%n");
    assert_string_equal(haproxy->route_map, "/var/map");
    assert_true(haproxy->poll == 500 * USEC_PER_MSEC);

    assert_int_equal(spec->n_steps, 4);
    assert_int_equal(spec->steps[0].weight, 3333);
    assert_int_equal(spec->background.n_names, 2);
    assert_string_equal(spec->background.names[1], "many");
    assert_int_equal(spec->background_starting_step, 2);
    assert_true(spec->dynamic_stable_scale);
    assert_string_equal(spec->session_cookie, "rev");
    assert_true(spec->session_cookie_max_age == 3600 * USEC_PER_SEC);
    assert_false(spec->auto_promotion);
    assert_true(spec->auto_promotion_delay == 2 * USEC_PER_SEC);
    assert_int_equal(spec->preview_replicas, 1);
    assert_int_equal(spec->pre_promotion.n_names, 1);
    assert_string_equal(spec->post_promotion.names[0], "many");
    assert_int_equal(spec->n_args, 2);
    assert_string_equal(spec->args[0].name, "service-name");
    assert_string_equal(spec->args[0].value, "shop");

    assert_int_equal(spec->n_templates, 2);
    const struct metric_spec *metric = &spec_template(spec, "inline")->metrics[0];
    assert_string_equal(metric->name, "inline");
    assert_string_equal(metric->provider, "prometheus");
    assert_true(metric->initial_delay == USEC_PER_SEC);
    assert_true(metric->interval == 2 * USEC_PER_SEC);
    assert_int_equal(metric->count, 9);
    assert_int_equal(metric->failure_limit, 1);
    assert_int_equal(metric->inconclusive_limit, 2);
    assert_int_equal(metric->consecutive_error_limit, 3);
    assert_int_equal(metric->consecutive_success_limit, 5);
    assert_int_equal(metric->on_no_data, NO_DATA_FAILURE);
    assert_int_equal(metric->on_failure, ON_FAILURE_PAUSE);
    assert_true(metric->dry_run);
    assert_int_equal(metric->retain, 32);
    assert_string_equal(metric->success_condition, "result[0] > 1");
    assert_string_equal(metric->baseline_query, "b");
    assert_int_equal(metric->min_samples, 3);
    assert_string_equal(metric->samples_query, "s");
    assert_int_equal(metric->n_settings, 22);
    assert_string_equal(metric->settings[1].key, "Query");
    assert_string_equal(metric->settings[1].value, "q\\");
    assert_int_equal(spec->n_hooks, 4);
    assert_string_equal(spec->hooks[1].name, "unit");
    assert_int_equal(spec->n_notifies, 1);
    assert_int_equal(spec->notifies[0].n_settings, 10);

    const struct template_spec *many = spec_template(spec, "many");
    assert_string_equal(many->description, "two of them");
    assert_int_equal(many->n_metrics, 2);
    assert_int_equal(many->n_args, 3);
    assert_string_equal(many->args[1].name, "port");
    assert_null(many->args[1].value);
    assert_int_equal(many->metrics[1].consecutive_error_limit, 4); /* defaults */
    assert_int_equal(many->metrics[1].retain, 10);
    assert_null(spec_template(spec, "first"));
}

static void every_key_is_read_and_survives_pinning(void **state) {
    struct spec *spec = parsed(everything), *again = parsed(spec->text);

    check_everything(spec);
    check_everything(again);
    assert_string_equal(again->text, spec->text);
    assert_string_equal(again->digest, spec->digest);
    spec_free(spec);
    spec_free(again);
}

static void check_plan(const char *blue_green, const char *const *texts) {
    char text[1024];
    uint32_t n = 0;
    (void)snprintf(text, sizeof text,
                   "[Rollout]\nStrategy=blueGreen\nReplicas=3\n[BlueGreen]\n%s[Metric smoke]\nProvider=prometheus\n"
                   "Address=http://p\nQuery=q\n",
                   blue_green);
    struct spec *spec = parsed(text);
    for (; texts[n]; n++)
        assert_string_equal(spec->steps[n].text, texts[n]);
    assert_int_equal(spec->n_steps, n);
    spec_free(spec);
}

#define PLAN(...) ((const char *const[]){__VA_ARGS__, NULL})

static void blue_green_is_a_plan_of_steps(void **state) {
    check_plan("", PLAN("preview", "switch"));
    check_plan("AutoPromotion=no\nAutoPromotionSec=5\n", PLAN("preview", "wait for promote", "switch"));
    check_plan("AutoPromotionSec=5\nPreviewReplicas=1\n",
               PLAN("preview", "wait for AutoPromotionSec", "scale up", "switch"));
    check_plan("PrePromotionAnalysis=smoke\nPostPromotionAnalysis=smoke\n",
               PLAN("preview", "prePromotionAnalysis", "switch", "postPromotionAnalysis"));
}

static void later_wins_lists_grow_empty_clears(void **state) {
    struct spec *spec =
        parsed("[Rollout]\nReplicas=2\nMinReadySec=9\n[Canary]\nStep=setWeight 1\nStep=pause\n"
               "[HAProxy]\nBackend=a\nBackend=\nBackend=b\nServer=x%c%n\nServer=\n"
               "[Canary]\nStep=\nStep=setWeight 2\n[Rollout]\nReplicas=3\nMinReadySec=\n[Args]\na=1\na=\n");

    assert_int_equal(spec->replicas, 3);
    assert_true(spec->min_ready == 0);
    assert_int_equal(spec->n_steps, 1);
    assert_int_equal(spec->steps[0].weight, 200);
    assert_int_equal(spec->haproxy.n_backends, 1);
    assert_string_equal(spec->haproxy.backends[0], "b");
    assert_string_equal(spec->haproxy.server, "%c-%n");
    assert_int_equal(spec->n_args, 0);
    spec_free(spec);
}

/* What is kept is the meaning: how it was put together does not change the digest. */
static void the_digest_is_of_the_meaning(void **state) {
    struct spec *one = parsed("# comment\n[Rollout]\nReplicas=1\nReplicas = 2\n[Canary]\nStep=setWeight \\\n 5\n");
    struct spec *two = parsed("[Rollout]\n\nReplicas=2\n\n[Canary]\nStep=pause\nStep=\nStep=setWeight   5\n");
    struct spec *other = parsed("[Rollout]\nReplicas=3\n[Canary]\nStep=setWeight   5\n");

    assert_string_equal(one->digest, two->digest);
    assert_string_not_equal(one->digest, other->digest);
    spec_free(one);
    spec_free(two);
    spec_free(other);
}

static void names_of_instances_and_servers(void **state) {
    struct spec *spec = parsed("[HAProxy]\nServer=s%n.%c:100_\n");
    char name[32] = "before";

    assert_int_equal(spec_instance_unit(spec, "blue-1", name, sizeof name), 0);
    assert_string_equal(name, "shop@blue-1.service");
    assert_int_equal(spec_instance_unit(spec, "blue-1", name, 10), -ENOSPC);
    assert_string_equal(name, "shop@blue-1.service");
    assert_int_equal(spec_server_name(spec, "green", 12, name, sizeof name), 0);
    assert_string_equal(name, "s12.green:100_");
    assert_int_equal(spec_server_name(spec, "green", 12, name, 14), -ENOSPC);
    assert_int_equal(spec_server_name(spec, "green", 12, name, 15), 0);
    assert_true(spec_server_matches(spec, "green", 12, name));
    spec_free(spec);
}

static void names_from_people(void **state) {
    char long_name[140];

    memset(long_name, 'a', sizeof long_name);
    assert_true(app_name_valid("shop"));
    assert_true(app_name_valid("0-shop"));
    assert_false(app_name_valid(""));
    assert_false(app_name_valid("-shop"));
    assert_false(app_name_valid("Shop"));
    assert_false(app_name_valid("shop/.."));
    assert_false(app_name_valid("shop_1"));
    long_name[63] = '\0';
    assert_true(app_name_valid(long_name));
    long_name[63] = 'a';
    long_name[64] = '\0';
    assert_false(app_name_valid(long_name));
    long_name[64] = 'a';

    assert_true(version_valid("v1.2.3-rc1+build~5:x_y"));
    assert_false(version_valid(""));
    assert_false(version_valid(".."));
    assert_false(version_valid("a/b"));
    assert_false(version_valid("a b"));
    assert_false(version_valid("a\nb"));
    assert_false(version_valid("-v"));
    long_name[128] = '\0';
    assert_true(version_valid(long_name));
    long_name[128] = 'a';
    long_name[129] = '\0';
    assert_false(version_valid(long_name));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_written_is_all_default),
        cmocka_unit_test(every_key_is_read_and_survives_pinning),
        cmocka_unit_test(blue_green_is_a_plan_of_steps),
        cmocka_unit_test(later_wins_lists_grow_empty_clears),
        cmocka_unit_test(the_digest_is_of_the_meaning),
        cmocka_unit_test(names_of_instances_and_servers),
        cmocka_unit_test(names_from_people),
    };
    return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
