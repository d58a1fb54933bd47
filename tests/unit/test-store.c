/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store on a real disk, on a full one, and killed or failing at every call that changes anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "common/text.h"
#include "core/decide.h"
#include "failing-disk.h"
#include "random-model.h"
#include "store/file-store.h"

/* ---------------------------------------------------------------- the store under test */

static char folder[64], release[2][96];
static struct store store;
static struct state state, loaded;
static struct error err;

static int new_store(void) {
    char path[80];
    (void)snprintf(path, sizeof(path), "%s/shop", folder);
    return file_store_new(path, "shop", &store, &err);
}

static int enter(void **unused) {
    (void)snprintf(folder, sizeof(folder), "/tmp/rollout-test-store.XXXXXX");
    (void)umask(0077); /* modes must not depend on it */
    if (!mkdtemp(folder) || chdir(folder) < 0)
        return -1;
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(release[i], sizeof(release[i]), "%s/release-%zu", folder, i + 1);
        if (mkdir(release[i], 0755) < 0)
            return -1;
    }
    fail_at = 0;
    unsynced->n = 0;
    state_init(&state);
    return new_store();
}

static int leave(void **unused) {
    fail_at = 0;
    file_store_done(&store);
    return chdir("/") == 0 ? remove_tree(folder, NULL) : -1;
}

#define MUST(call)                               \
    do {                                         \
        if ((call) < 0)                          \
            fail_msg("%s: %s", #call, err.text); \
    } while (0)

static char *read_text(const char *path) {
    char *text = NULL;
    if (file_read(path, 1 << 20, &text, NULL, &err) < 0)
        fail_msg("%s", err.text);
    return text;
}

static void assert_mode(const char *path, mode_t mode) {
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 07777, mode);
}

static char *pairs[] = {(char[]){"GREETING=say \"hi\" to $USER, `now` \\o/"}, (char[]){"EMPTY="}, NULL};
static struct revision revision_1 = {
    .number = 1, .version = "v1", .env = pairs, .spec_text = (char[]){"[Rollout]\nReplicas=1\n"}};
static struct revision revision_2 = {.number = 2, .version = "v2", .spec_text = (char[]){"[Rollout]\n"}};
static const struct endpoint endpoint = {.host = "127.0.0.1", .port = 9001}, unknown = {.port = 0};

/* ---------------------------------------------------------------- tests */

static void nothing_is_there_at_first(void **unused) {
    struct run *run = NULL;
    struct revision *revision = NULL;
    assert_int_equal(store.load_state(store.self, &loaded, NULL), -ENOENT);
    assert_int_equal(store.load_run(store.self, 1, &run, NULL, NULL), -ENOENT);
    assert_int_equal(store.load_revision(store.self, 1, &revision, NULL), -ENOENT);
    MUST(store.prune(store.self, &state, &err));
    assert_int_equal(access("shop", F_OK), -1);
}

static void a_state_comes_back(void **unused) {
    state.generation = 5;
    MUST(store.commit_state(store.self, &state, &err));
    MUST(store.load_state(store.self, &loaded, &err));
    assert_memory_equal(&state, &loaded, sizeof(state));
    assert_mode("shop", 0755);
    assert_mode("shop/state.json", 0640);
}

static void a_bad_state_is_named(void **unused) {
    MUST(store.commit_state(store.self, &state, &err));
    MUST(file_write_atomic("shop/state.json", "{\"schema\": 1", 12, 0640, &err));
    assert_int_equal(store.load_state(store.self, &loaded, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "shop/state.json: "));
    state.next_event = 0; /* each field good, the whole not */
    MUST(store.commit_state(store.self, &state, &err));
    assert_int_equal(store.load_state(store.self, &loaded, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "a next number is 0"));
    state.next_event = 1;
    static const char newer[] = "{\"schema\": 7, \"reader\": 7}";
    MUST(file_write_atomic("shop/state.json", newer, strlen(newer), 0640, &err));
    assert_int_equal(store.load_state(store.self, &loaded, &err), -EPROTONOSUPPORT);
}

static void a_run_comes_back(void **unused) {
    _cleanup_free_ struct run *run = random_run(3), *back = NULL;
    run->id = 17;
    MUST(store.commit_run(store.self, run, NULL, &err));
    MUST(store.load_run(store.self, 17, &back, NULL, &err));
    assert_memory_equal(run, back, run_size(run->n_metrics));
    assert_mode("shop/runs", 0755);
    assert_mode("shop/runs/17.json", 0640);
    struct run *none = NULL;
    assert_int_equal(rename("shop/runs/17.json", "shop/runs/18.json"), 0);
    assert_int_equal(store.load_run(store.self, 18, &none, NULL, &err), -EBADMSG);
}

static void a_revision_comes_back(void **unused) {
    struct revision *back = NULL;
    MUST(store.commit_revision(store.self, &revision_1, &err));
    MUST(store.load_revision(store.self, 1, &back, &err));
    assert_string_equal(back->version, "v1");
    assert_string_equal(back->env[0], pairs[0]);
    assert_string_equal(back->env[1], pairs[1]);
    assert_null(back->env[2]);
    assert_string_equal(back->spec_text, revision_1.spec_text);
    back = revision_free(back);
    MUST(store.commit_revision(store.self, &revision_2, &err));
    MUST(store.load_revision(store.self, 2, &back, &err));
    assert_null(back->env[0]);
    back = revision_free(back);
    assert_mode("shop/revisions/1/rollout.conf", 0640);
}

static void an_instance_is_placed(void **unused) {
    MUST(store.place(store.self, GREEN, 0, &revision_1, release[0], &endpoint, &err));
    _cleanup_free_ char *env = read_text("shop/instances/green-1/env");
    assert_string_equal(
        env, "ROLLOUT_APP=\"shop\"\nROLLOUT_VERSION=\"v1\"\nROLLOUT_COLOR=\"green\"\nROLLOUT_INSTANCE=\"green-1\"\n"
             "ROLLOUT_REVISION=\"1\"\nHOST=\"127.0.0.1\"\nPORT=\"9001\"\n"
             "GREETING=\"say \\\"hi\\\" to \\$USER, \\`now\\` \\\\o/\"\nEMPTY=\"\"\n");
    char target[PATH_MAX] = "";
    assert_true(readlink("shop/instances/green-1", target, sizeof(target) - 1) > 0);
    assert_string_equal(target, "../revisions/1/green-1");
    memset(target, 0, sizeof(target));
    assert_true(readlink("shop/instances/green-1/release", target, sizeof(target) - 1) > 0);
    assert_string_equal(target, release[0]);
    assert_mode("shop/instances/green-1/env", 0640);
    assert_mode("shop/revisions/1/green-1", 0755);
}

static void the_newest_revisions_are_known(void **unused) {
    struct revision revision = revision_2;
    assert_int_equal(store.newest(store.self, false, UINT32_MAX), 0);
    assert_int_equal(store.newest(store.self, true, UINT32_MAX), 0);
    for (revision.number = 1; revision.number <= 12; revision.number++)
        MUST(store.commit_revision(store.self, &revision, &err));
    for (uint32_t number = 0; number < 2; number++) {
        revision.number = 11 - 2 * number;
        MUST(store.place(store.self, number ? BLUE : GREEN, 31, &revision, release[0], &endpoint, &err));
    }
    assert_int_equal(store.newest(store.self, false, UINT32_MAX), 12);
    assert_int_equal(store.newest(store.self, false, 12), 11);
    assert_int_equal(store.newest(store.self, false, 1), 0);
    assert_int_equal(store.newest(store.self, true, UINT32_MAX), 11);
    assert_int_equal(store.newest(store.self, true, 11), 9);
    assert_int_equal(store.newest(store.self, true, 9), 0);
    MUST(symlink_swap("../elsewhere/13/blue-1", "shop/instances/blue-1", &err));
    MUST(symlink_swap("../revisions/13", "shop/instances/blue-2", &err));
    MUST(symlink_swap("../revisions/x/blue-3", "shop/instances/blue-3", &err));
    assert_int_equal(store.newest(store.self, true, UINT32_MAX), 11);
}

static void an_address_is_kept_while_haproxy_is_away(void **unused) {
    assert_int_equal(store.place(store.self, BLUE, 1, &revision_1, NULL, &unknown, &err), -ENODATA);
    MUST(store.place(store.self, BLUE, 1, &revision_1, release[0], &endpoint, &err));
    MUST(store.place(store.self, BLUE, 1, &revision_2, NULL, &unknown, &err));
    _cleanup_free_ char *env = read_text("shop/instances/blue-2/env");
    assert_non_null(strstr(env, "HOST=\"127.0.0.1\"\nPORT=\"9001\"\n"));
    assert_non_null(strstr(env, "ROLLOUT_REVISION=\"2\""));
    assert_int_equal(access("shop/instances/blue-2/release", F_OK), -1);
}

static void a_missing_release_changes_nothing(void **unused) {
    MUST(store.place(store.self, BLUE, 0, &revision_1, release[0], &endpoint, &err));
    assert_int_equal(store.place(store.self, BLUE, 0, &revision_2, "/nonexistent/v2", &endpoint, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nonexistent/v2"));
    _cleanup_free_ char *env = read_text("shop/instances/blue-1/env");
    assert_non_null(strstr(env, "ROLLOUT_REVISION=\"1\""));
}

static void identity_is_of_version_and_environment(void **unused) {
    char *one[] = {(char[]){"A=1"}, (char[]){"B=2"}, NULL}, *swapped[] = {one[1], one[0], NULL};
    char *joined[] = {(char[]){"A=1B=2"}, NULL}, *none[] = {NULL};
    struct id128 id = revision_identity("v1", one), same = revision_identity("v1", swapped);
    assert_memory_equal(&id, &same, sizeof(id));
    struct id128 others[] = {revision_identity("v2", one), revision_identity("v1", joined),
                             revision_identity("v1", NULL)};
    for (size_t i = 0; i < 3; i++)
        assert_memory_not_equal(&id, &others[i], sizeof(id));
    same = revision_identity("v1", none);
    assert_memory_equal(&others[2], &same, sizeof(id));
}

static void environment_pairs_are_checked(void **unused) {
    static const char *const good[] = {"A=", "_x1=y z", "PATH_TO=ä€", "HOSTS=1", "A=\t="};
    static const char *const bad[] = {"",       "=",      "A",      "1A=x",          "A B=x",
                                      "A-B=x",  "PORT=1", "HOST=x", "ROLLOUT_APP=x", "ROLLOUT_X=",
                                      "A=x\ny", "A=\x01", "A=\xFF", "A=\r",          "Ä=x"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(env_pair_check(good[i], NULL), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (env_pair_check(bad[i], NULL) != -EINVAL)
            fail_msg("\"%s\" was taken", bad[i]);
}

static void what_nobody_names_is_pruned(void **unused) {
    struct revision revision = revision_2;
    for (revision.number = 1; revision.number <= 4; revision.number++)
        MUST(store.commit_revision(store.self, &revision, &err));
    revision.number = 3;
    MUST(store.place(store.self, GREEN, 0, &revision, release[0], &endpoint, &err));
    for (uint32_t id = 1; id <= 60; id++) {
        struct run run = {.id = id, .revision = id == 1 ? 1 : id == 2 ? 4 : 0};
        MUST(store.commit_run(store.self, &run, NULL, &err));
    }
    MUST(file_write_atomic("shop/runs/notes.txt", "x", 1, 0640, &err));
    state.next_revision = 5;
    state.next_run = 61;
    state.n_history = 1;
    state.history[0].revision = 4;
    MUST(store.prune(store.self, &state, &err));
    assert_int_equal(access("shop/revisions/1", F_OK), -1);
    assert_int_equal(access("shop/revisions/2", F_OK), -1);
    assert_int_equal(access("shop/revisions/3", F_OK), 0); /* an instance links to it */
    assert_int_equal(access("shop/revisions/4", F_OK), 0);
    assert_int_equal(access("shop/runs/1.json", F_OK), -1); /* its revision went */
    assert_int_equal(access("shop/runs/2.json", F_OK), 0);
    assert_int_equal(access("shop/runs/3.json", F_OK), -1); /* by hand, and long ago */
    assert_int_equal(access("shop/runs/60.json", F_OK), 0);
    assert_int_equal(access("shop/runs/notes.txt", F_OK), 0);
    assert_int_equal(access(release[0], F_OK), 0);
}

/* Everything that a deploy writes, in its order. */
static int deploy(void) {
    state.generation = 2;
    int r = store.commit_revision(store.self, &revision_2, NULL);
    if (r == 0)
        r = store.commit_state(store.self, &state, NULL);
    return r < 0 ? r : store.place(store.self, BLUE, 0, &revision_2, release[1], &endpoint, NULL);
}

/* Whatever happened: one state or the other, whole, and an instance that is of one revision in every part. */
static uint32_t assert_sound(void) {
    struct revision *revision = NULL;
    char target[PATH_MAX] = "", wanted[64];
    MUST(store.load_state(store.self, &loaded, &err));
    MUST(store.load_revision(store.self, loaded.generation, &revision, &err));
    revision = revision_free(revision);
    _cleanup_free_ char *env = read_text("shop/instances/blue-1/env");
    uint32_t placed = strstr(env, "ROLLOUT_REVISION=\"2\"") ? 2 : 1;
    (void)snprintf(wanted, sizeof(wanted), "ROLLOUT_VERSION=\"v%u\"", placed);
    assert_non_null(strstr(env, wanted));
    assert_true(readlink("shop/instances/blue-1/release", target, sizeof(target) - 1) > 0);
    assert_string_equal(target, release[placed - 1]);
    assert_true(placed <= loaded.generation);
    return placed;
}

static void begin_with_the_first(void) {
    fail_at = 0;
    unsynced->n = 0;
    MUST(remove_tree("shop", &err));
    state.generation = 1;
    MUST(store.commit_revision(store.self, &revision_1, &err));
    MUST(store.commit_state(store.self, &state, &err));
    MUST(store.place(store.self, BLUE, 0, &revision_1, release[0], &endpoint, &err));
}

static void killed_between_any_two_calls_it_stays_sound(void **unused) {
    for (unsigned at = 1;; at++) {
        begin_with_the_first();
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            calls = 0;
            fail_at = at;
            fail_with = 0;
            _exit(deploy() == 0 ? 0 : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        uint32_t placed = assert_sound();
        assert_int_equal(deploy(), 0); /* what was left behind is in nobody's way */
        assert_int_equal(assert_sound(), 2);
        if (WEXITSTATUS(status) == 0) {
            assert_int_equal(placed, 2);
            assert_true(at > 15);
            return;
        }
        assert_int_equal(WEXITSTATUS(status), 9);
    }
}

static void failing_at_any_call_it_stays_sound(void **unused) {
    static const int reasons[] = {ENOSPC, EIO, EROFS};
    for (size_t i = 0; i < 3; i++)
        for (unsigned at = 1;; at++) {
            begin_with_the_first();
            calls = 0;
            fail_at = at;
            fail_with = reasons[i];
            int r = deploy();
            bool met = calls >= at;
            fail_at = 0;
            (void)assert_sound();
            if (!met) {
                assert_int_equal(r, 0);
                break;
            }
        }
}

/* The first deploy of all, and what it is analysed by. */
static int deploy_at_first(void) {
    struct run run = {.id = 1};
    int r = store.commit_run(store.self, &run, NULL, NULL);
    return r < 0 ? r : deploy();
}

static void begin_anew(void) {
    fail_at = 0;
    MUST(remove_tree("shop", &err));
    file_store_done(&store);
    MUST(new_store());
    unsynced->n = 0;
    calls = 0;
}

/* A folder that is there may have been made by somebody who could not make it durable, and must not be taken for one
 * that is: neither after a failure nor by the next process. */
static void what_was_begun_is_durable_when_it_is_done(void **unused) {
    bool met = true;
    for (unsigned at = 1; met; at++) {
        begin_anew();
        fail_at = at;
        fail_with = EIO;
        (void)deploy_at_first();
        met = calls >= at;
        fail_at = 0;
        assert_int_equal(deploy_at_first(), 0);
        assert_int_equal(unsynced->n, 0);

        begin_anew();
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            fail_at = at;
            fail_with = 0;
            _exit(deploy_at_first() == 0 ? 0 : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == (met ? 9 : 0));
        assert_int_equal(deploy_at_first(), 0);
        assert_int_equal(unsynced->n, 0);
    }
}

/* Folders that are known to be durable cost nothing. */
static void a_commit_is_two_syncs(void **unused) {
    struct run run = {.id = 1};
    MUST(store.commit_state(store.self, &state, &err));
    MUST(store.commit_run(store.self, &run, NULL, &err));
    unsynced->syncs = 0;
    MUST(store.commit_state(store.self, &state, &err));
    assert_int_equal(unsynced->syncs, 2);
    MUST(store.commit_run(store.self, &run, NULL, &err));
    assert_int_equal(unsynced->syncs, 4);
}

/* Somebody's hand: what is made anew is made durable anew. */
static void a_folder_that_was_removed_is_made_durable_again(void **unused) {
    MUST(store.commit_state(store.self, &state, &err));
    MUST(remove_tree("shop", &err));
    MUST(store.commit_state(store.self, &state, &err));
    assert_int_equal(unsynced->n, 0);
}

static void on_a_full_disk_the_old_state_stands(void **unused) {
    assert_int_equal(mkdir("shop", 0755), 0);
    if (mount("tmpfs", "shop", "tmpfs", 0, "size=64k") < 0)
        skip();
    state.generation = 1;
    MUST(store.commit_state(store.self, &state, &err));
    int fd = open("shop/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    static const char block[4096] = "x";
    while (write(fd, block, sizeof(block)) > 0)
        ;
    (void)close(fd);
    state.generation = 2;
    int r = store.commit_state(store.self, &state, &err), loads = store.load_state(store.self, &loaded, NULL);
    assert_int_equal(umount("shop"), 0);
    assert_int_equal(r, -ENOSPC);
    assert_non_null(strstr(err.text, "shop/state.json"));
    assert_int_equal(loads, 0);
    assert_int_equal(loaded.generation, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_there_at_first),
        TEST(a_state_comes_back),
        TEST(a_bad_state_is_named),
        TEST(a_run_comes_back),
        TEST(a_revision_comes_back),
        TEST(an_instance_is_placed),
        TEST(the_newest_revisions_are_known),
        TEST(an_address_is_kept_while_haproxy_is_away),
        TEST(a_missing_release_changes_nothing),
        TEST(identity_is_of_version_and_environment),
        TEST(environment_pairs_are_checked),
        TEST(what_nobody_names_is_pruned),
        TEST(killed_between_any_two_calls_it_stays_sound),
        TEST(failing_at_any_call_it_stays_sound),
        TEST(what_was_begun_is_durable_when_it_is_done),
        TEST(a_commit_is_two_syncs),
        TEST(a_folder_that_was_removed_is_made_durable_again),
        TEST(on_a_full_disk_the_old_state_stands),
    };
    unsynced = mmap(NULL, sizeof(*unsynced), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return unsynced == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
