/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "spec/spec.h"

/* A host of its own for each case: ROOT/etc and ROOT/lib. */
struct host {
    char root[64], etc[80], lib[80];
};

static struct spec_paths paths(const struct host *host) {
    return (struct spec_paths){.etc = host->etc, .lib = host->lib};
}

static void put(const struct host *host, const char *name, const char *text) {
    char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%s", host->root, name);
    for (char *slash = path + strlen(host->root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        assert_int_equal(make_dir(path, 0755, NULL), 0);
    }
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static int make_host(void **state) {
    struct host *host = calloc(1, sizeof *host);

    (void)snprintf(host->root, sizeof host->root, "/tmp/test-load-XXXXXX");
    assert_non_null(mkdtemp(host->root));
    (void)snprintf(host->etc, sizeof host->etc, "%s/etc", host->root);
    (void)snprintf(host->lib, sizeof host->lib, "%s/lib", host->root);
    *state = host;
    return 0;
}

static int remove_host(void **state) {
    struct host *host = *state;

    assert_int_equal(remove_tree(host->root, NULL), 0);
    free(host);
    return 0;
}

static struct spec *loaded(const struct host *host) {
    struct spec_paths where = paths(host);
    struct spec *spec = NULL;
    struct error err = {0};

    if (spec_load("shop", &where, &spec, &err) < 0)
        fail_msg("%s", err.text);
    return spec;
}

/* WANTED begins behind the folder's name: "etc/shop.conf:2: ..." */
static void refused(const struct host *host, int code, const char *prefix, const char *wanted) {
    struct spec_paths where = paths(host);
    struct spec *spec = NULL;
    struct error err = {0};
    char text[ERROR_TEXT_MAX * 2];

    assert_int_equal(spec_load("shop", &where, &spec, &err), code);
    assert_null(spec);
    (void)snprintf(text, sizeof text, "%s%s/%s", prefix, host->root, wanted);
    assert_string_equal(err.text, text);
}

static void drop_ins_count_in_the_order_of_their_names(void **state) {
    put(*state, "etc/shop.conf", "[Rollout]\nReplicas=1\n[Canary]\nStep=setWeight 1\n");
    put(*state, "etc/shop.conf.d/20-b.conf", "[Rollout]\nReplicas=3\n[Canary]\nStep=setWeight 3\n");
    put(*state, "etc/shop.conf.d/10-a.conf", "[Rollout]\nReplicas=2\n[Canary]\nStep=setWeight 2\n");
    put(*state, "etc/shop.conf.d/30.conf~", "nonsense");
    put(*state, "etc/shop.conf.d/.hidden.conf", "nonsense");
    put(*state, "etc/shop.conf.d/.conf", "nonsense");
    struct spec *spec = loaded(*state);

    assert_int_equal(spec->replicas, 3);
    assert_int_equal(spec->n_steps, 3);
    assert_int_equal(spec->steps[1].weight, 200);
    assert_int_equal(spec->steps[2].weight, 300);
    spec_free(spec);

    put(*state, "etc/shop.conf.d/15.conf", "\n[Rollout]\nReplica=2\n");
    refused(*state, -EINVAL, "",
            "etc/shop.conf.d/15.conf:3: unknown key Replica= in [Rollout], did you mean Replicas?");
}

#define TEMPLATE(of) "[Template]\nDescription=" of "\n[Args]\nlimit=1\n[Metric m]\nProvider=web\nURL={{args.limit}}\n"

static void the_hosts_templates_replace_the_shipped_ones(void **state) {
    put(*state, "etc/shop.conf", "[Canary]\nStep=analysis one two three\n[Metric three]\nProvider=web\n");
    put(*state, "lib/analysis/one.conf", "[Metric one]\nProvider=web\n");
    put(*state, "lib/analysis/two.conf", TEMPLATE("shipped"));
    put(*state, "lib/analysis/three.conf", "bad, but not read");
    put(*state, "lib/analysis/four.conf", "bad, but not read");
    put(*state, "etc/analysis/two.conf", TEMPLATE("own"));
    struct spec *spec = loaded(*state), *pinned = NULL;

    assert_int_equal(spec->n_templates, 3);
    assert_string_equal(spec_template(spec, "two")->description, "own");
    assert_null(spec_template(spec, "one")->description);
    assert_int_equal(spec_template(spec, "three")->n_metrics, 1);

    /* Pinned, it stands on its own: no file is needed. */
    assert_int_equal(remove_tree(((struct host *)*state)->lib, NULL), 0);
    assert_int_equal(spec_parse("shop", spec->text, "pinned", &pinned, NULL), 0);
    assert_string_equal(pinned->text, spec->text);
    assert_string_equal(pinned->digest, spec->digest);
    assert_string_equal(spec_template(pinned, "two")->args[0].value, "1");
    assert_string_equal(spec_template(pinned, "two")->metrics[0].file, "pinned");
    spec_free(spec);
    spec_free(pinned);
}

static void what_is_missing_is_named(void **state) {
    struct host *host = *state;
    char wanted[1024];

    refused(host, -ENOENT, "no app shop: there is no ", "etc/shop.conf");
    put(host, "etc/shop.conf", "[Canary]\nStep=pause\nStep=analysis suxcess-rate\n");
    put(host, "lib/analysis/success-rate.conf", "");
    (void)snprintf(
        wanted, sizeof wanted,
        "etc/shop.conf:3: Step: \"suxcess-rate\" is neither a [Metric] here nor a template in %s/analysis or "
        "%s/analysis, did you mean success-rate?",
        host->etc, host->lib);
    refused(host, -EINVAL, "", wanted);
    put(host, "etc/shop.conf", "[Canary]\nStep=pause\nStep=analysis success-rate\n");
    refused(host, -EINVAL, "",
            "lib/analysis/success-rate.conf:1: template success-rate has no metric, expected [Metric NAME]");
    put(host, "lib/analysis/success-rate.conf", "[Template]\n[Rollout]\nReplicas=1\n");
    refused(host, -EINVAL, "",
            "lib/analysis/success-rate.conf:2: [Rollout] in template success-rate, expected [Args] or [Metric NAME]");
    put(host, "lib/analysis/success-rate.conf", "[Template other]\n");
    refused(host, -EINVAL, "",
            "lib/analysis/success-rate.conf:1: [Template other] in a template's own file, expected [Template]");
    put(host, "lib/analysis/success-rate.conf", "[Metric m]\nProvider=web\nURL={{args.host}}\n[Args]\nhost=\n");
    refused(host, -EINVAL, "",
            "lib/analysis/success-rate.conf:3: URL: {{args.host}} has no value, expected host= in [Args]");
}

/* What is installed has to be right: the example app with the shipped templates. */
static void the_shipped_files_are_good(void **state) {
    static const char *const names[] = {"success-rate", "latency-p95", "error-budget"};
    const char *srcdir = getenv("srcdir");
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        _cleanup_free_ char *text = NULL;
        (void)snprintf(path, sizeof path, "%s/templates/%s.conf", srcdir ? srcdir : ".", names[i]);
        assert_int_equal(file_read(path, 65536, &text, NULL, NULL), 0);
        (void)snprintf(path, sizeof path, "lib/analysis/%s.conf", names[i]);
        put(*state, path, text);
        (void)snprintf(path, sizeof path, "[Canary]\nStep=analysis %s\n", names[i]);
        put(*state, "etc/shop.conf", path);
        struct spec *spec = loaded(*state);
        assert_string_equal(spec_template(spec, names[i])->metrics[0].name, names[i]);
        assert_non_null(spec_template(spec, names[i])->description);
        spec_free(spec);
    }

    _cleanup_free_ char *text = NULL;
    (void)snprintf(path, sizeof path, "%s/etc/shop.conf", srcdir ? srcdir : ".");
    assert_int_equal(file_read(path, 65536, &text, NULL, NULL), 0);
    put(*state, "etc/shop.conf", text);
    struct spec *spec = loaded(*state);
    assert_int_equal(spec->n_steps, 10);
    assert_int_equal(spec->replicas, 2);
    spec_free(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(drop_ins_count_in_the_order_of_their_names, make_host, remove_host),
        cmocka_unit_test_setup_teardown(the_hosts_templates_replace_the_shipped_ones, make_host, remove_host),
        cmocka_unit_test_setup_teardown(what_is_missing_is_named, make_host, remove_host),
        cmocka_unit_test_setup_teardown(the_shipped_files_are_good, make_host, remove_host),
    };
    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
