/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "common/text.h"
#include "core/decide.h"
#include "random-model.h"
#include "store/state-json.h"

static struct state one, other;

static char *to_json(const struct state *state, size_t *ret_len) {
    char *text = NULL;
    struct error err = {0};
    if (state_to_json(state, &text, ret_len, &err) < 0)
        fail_msg("%s", err.text);
    return text;
}

static void every_field_comes_back(void **unused) {
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct error err = {0};
        size_t len;
        random_state(seed, &one);
        _cleanup_free_ char *text = to_json(&one, &len);
        memset(&other, 0xAA, sizeof(other));
        if (state_from_json(text, len, &other, &err) < 0)
            fail_msg("seed %ju: %s", (uintmax_t)seed, err.text);
        assert_memory_equal(&one, &other, sizeof(one));
    }
}

static void a_first_state_comes_back(void **unused) {
    size_t len;
    state_init(&one);
    _cleanup_free_ char *text = to_json(&one, &len);
    assert_int_equal(state_from_json(text, len, &other, NULL), 0);
    assert_memory_equal(&one, &other, sizeof(one));
    assert_true(len < 2000);
}

/* Half a character at the end of a cut message must not keep the state from being written. */
static void half_a_character_is_replaced(void **unused) {
    size_t len;
    state_init(&one);
    memcpy(one.rollout.detail, "caf\xC3", 5);
    _cleanup_free_ char *text = to_json(&one, &len);
    assert_int_equal(state_from_json(text, len, &other, NULL), 0);
    assert_string_equal(other.rollout.detail, "caf?");
}

/* TEXT with WHAT replaced by BY. */
static char *replaced(const char *text, const char *what, const char *by) {
    const char *at = strstr(text, what);
    char *made = NULL;
    if (!at)
        fail_msg("no %s in %s", what, text);
    else if (asprintf(&made, "%.*s%s%s", (int)(at - text), text, by, at + strlen(what)) < 0)
        made = NULL;
    assert_non_null(made);
    return made;
}

static void wrong_fields_are_named(void **unused) {
    static const struct {
        const char *what, *by, *error;
        int code;
    } rows[] = {
        {"\"generation\":0", "\"generation\":-1", "generation: -1 is out of range", -EBADMSG},
        {"\"generation\":0", "\"generation\":4294967296", "generation: 4294967296 is out of range", -EBADMSG},
        {"\"generation\":0", "\"generation\":1.5", "generation: expected a whole number", -EBADMSG},
        {"\"generation\":0", "\"generation\":null", "generation: expected a whole number", -EBADMSG},
        {"\"generation\":0,", "", "generation: missing", -EBADMSG},
        {"\"stable\":\"none\"", "\"stable\":\"red\"", "stable: \"red\" is no word", -EBADMSG},
        {"\"clock\":0", "\"clock\":-5", "clock: a time before", -EBADMSG},
        {"\"boot\":\"0", "\"boot\":\"", "boot: expected 32 hexadecimal digits", -EBADMSG},
        {"\"boot\":\"0", "\"boot\":\"G", "boot: expected 32 hexadecimal digits", -EBADMSG},
        {"\"step\":0", "\"step\":65", "rollout.step: 65 is out of range", -EBADMSG},
        {"\"full\":false", "\"full\":0", "rollout.full: expected true or false", -EBADMSG},
        {"\"green\":{\"revision\":0", "\"green\":{\"revision\":\"0\"", "slots.green.revision: expected a whole number",
         -EBADMSG},
        {"\"instances\":[]", "\"instances\":[{\"name\":\"blue-0\"}]", "instances[0].name: no name of an instance",
         -EBADMSG},
        {"\"instances\":[]", "\"instances\":[{\"name\":\"blue-33\"}]", "instances[0].name: no name of an instance",
         -EBADMSG},
        {"\"instances\":[]", "\"instances\":[{\"name\":\"blue-1\"}]", "instances[0].accepted: missing", -EBADMSG},
        {"\"history\":[]", "\"history\":[7]", "expected an object", -EBADMSG},
        {"\"schema\":1", "\"schema\":0", "reader: expected 1 to 0", -EBADMSG},
        {"\"schema\":1,\"reader\":1", "\"schema\":9,\"reader\":2", "written by a newer version in format 9",
         -EPROTONOSUPPORT},
        {"{", "{{", "", -EBADMSG},
        {"{", "[", "", -EBADMSG},
        {"}", "", "", -EBADMSG},
    };
    size_t len;
    state_init(&one);
    _cleanup_free_ char *text = to_json(&one, &len);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {0};
        _cleanup_free_ char *wrong = replaced(text, rows[i].what, rows[i].by);
        memset(&other, 0x55, sizeof(other));
        one = other;
        int r = state_from_json(wrong, strlen(wrong), &other, &err);
        if (r != rows[i].code || err.code != r || !strstr(err.text, rows[i].error))
            fail_msg("%s: %d, %s", rows[i].by, r, err.text);
        assert_memory_equal(&one, &other, sizeof(one)); /* untouched */
    }
}

static void too_many_are_refused(void **unused) {
    struct error err = {0};
    size_t len;
    random_state(0, &one);
    one.n_outbox = OUTBOX_MAX;
    _cleanup_free_ char *text = to_json(&one, &len);
    _cleanup_free_ char *more = replaced(text, "\"outbox\":[",
                                         "\"outbox\":[{\"number\":1,\"kind\":\"SkipSteps\",\"revision\":1,\"step\":0,"
                                         "\"weight\":0,\"run\":0,\"wall\":0,\"detail\":\"\"},");
    assert_int_equal(state_from_json(more, strlen(more), &other, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "outbox: more than 64"));
}

/* What a newer program added is passed over when it says that we may read it. */
static void fields_of_a_newer_program_are_passed_over(void **unused) {
    size_t len;
    state_init(&one);
    _cleanup_free_ char *text = to_json(&one, &len);
    _cleanup_free_ char *newer = replaced(text, "\"schema\":1,", "\"schema\":2,\"added\":{\"x\":[1]},");
    assert_int_equal(state_from_json(newer, strlen(newer), &other, NULL), 0);
    assert_int_equal(other.schema, 2);
}

static void no_cut_text_is_taken(void **unused) {
    size_t len;
    random_state(3, &one);
    _cleanup_free_ char *text = to_json(&one, &len);
    for (size_t cut = 0; cut < len; cut += 1 + cut / 50)
        assert_int_equal(state_from_json(text, cut, &other, NULL), -EBADMSG);
}

/* A fuzzer that begins with what is refused comes to nothing else. */
static void the_fuzzers_seeds_are_states(void **unused) {
    static const char *const seeds[] = {"canary", "first", "newer-readable"};
    const char *srcdir = getenv("srcdir");
    for (size_t i = 0; i < ELEMENTS(seeds); i++) {
        _cleanup_free_ char *text = NULL;
        char path[4096];
        size_t len;
        struct error err = {0};
        (void)snprintf(path, sizeof path, "%s/tests/fuzz/seeds/state/%s", srcdir ? srcdir : ".", seeds[i]);
        if (file_read(path, 1 << 20, &text, &len, &err) < 0 || state_from_json(text, len, &other, &err) < 0)
            fail_msg("%s: %s", path, err.text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back),       cmocka_unit_test(a_first_state_comes_back),
        cmocka_unit_test(half_a_character_is_replaced), cmocka_unit_test(wrong_fields_are_named),
        cmocka_unit_test(too_many_are_refused),         cmocka_unit_test(fields_of_a_newer_program_are_passed_over),
        cmocka_unit_test(no_cut_text_is_taken),         cmocka_unit_test(the_fuzzers_seeds_are_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
