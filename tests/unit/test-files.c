/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/cleanup.h"
#include "common/files.h"

/* Each test runs in a new, empty folder. */
static char folder[64];

static int enter_folder(void **state) {
    (void)snprintf(folder, sizeof(folder), "/tmp/rollout-test-files.XXXXXX");
    umask(0077); /* modes must not depend on it */
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state) {
    return chdir("/") == 0 && remove_tree(folder, NULL) == 0 && access(folder, F_OK) < 0 ? 0 : -1;
}

static void must_write(const char *path, const char *text) {
    struct error err = {0};
    if (file_write_atomic(path, text, strlen(text), 0640, &err) < 0)
        fail_msg("%s", err.text);
}

static void must_hold(const char *path, const char *text) {
    _cleanup_free_ char *found = NULL;
    struct error err = {0};
    if (file_read(path, 1000, &found, NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(found, text);
}

static mode_t mode_of(const char *path) {
    struct stat found;
    assert_int_equal(lstat(path, &found), 0);
    return found.st_mode;
}

/* Runs a test's part in a process of its own, whose limits and rights may be spoilt. Exit code 77 skips. */
static void in_child(void (*part)(void)) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        part();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define child_asserts(condition)                                                \
    do {                                                                        \
        if (!(condition)) {                                                     \
            print_error("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            _exit(1);                                                           \
        }                                                                       \
    } while (0)

static void writes_and_replaces(void **state) {
    must_write("state", "one");
    must_hold("state", "one");
    assert_int_equal(mode_of("state"), S_IFREG | 0640);
    must_write("state", "two, longer");
    must_hold("state", "two, longer");

    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/absolute", folder);
    assert_int_equal(file_write_atomic(path, "", 0, 0604, NULL), 0);
    must_hold("absolute", "");
    assert_int_equal(mode_of("absolute"), S_IFREG | 0604);
}

static void leftovers_of_a_crash_do_not_matter(void **state) {
    must_write(".state.new", "half a doc");
    must_write("state", "whole");
    must_hold("state", "whole");
    assert_int_equal(access(".state.new", F_OK), -1);

    /* A planted link is replaced, not written through. */
    must_write("victim", "untouched");
    assert_int_equal(symlink("victim", ".state.new"), 0);
    must_write("state", "again");
    must_hold("victim", "untouched");
    assert_int_equal(mode_of("state"), S_IFREG | 0640);
}

static void refuses_paths_that_name_no_file(void **state) {
    struct error err = {0};
    static const char *const bad[] = {"", "/", "sub/", ".", "..", "sub/.."};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(file_write_atomic(bad[i], "x", 1, 0600, &err), -EINVAL);

    char endless[NAME_MAX + 2];
    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_int_equal(file_write_atomic(endless, "x", 1, 0600, &err), -ENAMETOOLONG);

    assert_int_equal(file_write_atomic("nowhere/state", "x", 1, 0600, &err), -ENOENT);
    assert_string_equal(err.text, "cannot open the folder nowhere: No such file or directory");
    assert_int_equal(mkdir("taken", 0700), 0);
    assert_int_equal(file_write_atomic("taken", "x", 1, 0600, &err), -EISDIR);
    assert_int_equal(access(".taken.new", F_OK), -1);
}

static void part_file_too_large(void) {
    (void)signal(SIGXFSZ, SIG_IGN);
    child_asserts(setrlimit(RLIMIT_FSIZE, &(struct rlimit){100, 100}) == 0);
    static const char large[200];
    struct error err = {0};
    child_asserts(file_write_atomic("state", large, sizeof(large), 0640, &err) == -EFBIG);
    child_asserts(strcmp(err.text, "cannot write state: File too large") == 0);
    child_asserts(access(".state.new", F_OK) < 0);
}

static void a_failing_write_leaves_the_old_content(void **state) {
    must_write("state", "old");
    in_child(part_file_too_large);
    must_hold("state", "old");
}

static void part_disk_full(void) {
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mkdir("disk", 0700) < 0 ||
        mount("tmpfs", "disk", "tmpfs", 0, "size=64k") < 0)
        _exit(77);
    static const char large[128 * 1024], small[4096];
    struct error err = {0};
    child_asserts(file_write_atomic("disk/state", small, sizeof(small), 0640, &err) == 0);
    child_asserts(file_write_atomic("disk/state", large, sizeof(large), 0640, &err) == -ENOSPC);
    child_asserts(strcmp(err.text, "cannot write disk/state: No space left on device") == 0);
    child_asserts(access("disk/.state.new", F_OK) < 0);
    size_t len = 0;
    char *data = NULL;
    child_asserts(file_read("disk/state", sizeof(large), &data, &len, &err) == 0 && len == sizeof(small));
    free(data);
    child_asserts(umount("disk") == 0);
}

static void a_full_disk_leaves_the_old_content(void **state) {
    in_child(part_disk_full);
}

static void part_no_rights(void) {
    if (geteuid() == 0)
        child_asserts(chmod(".", 0755) == 0 && setegid(65534) == 0 && seteuid(65534) == 0);
    else
        child_asserts(chmod(".", 0500) == 0);
    struct error err = {0};
    char *data = NULL;
    child_asserts(file_write_atomic("state", "new", 3, 0640, &err) == -EACCES);
    child_asserts(strcmp(err.text, "cannot create a new state: Permission denied") == 0);
    child_asserts(symlink_swap("x", "link", &err) == -EACCES);
    child_asserts(make_dir("sub", 0755, &err) == -EACCES);
    child_asserts(remove_tree("tree", &err) == -EACCES);
    if (geteuid() == 65534)
        child_asserts(file_read("state", 100, &data, NULL, &err) == -EACCES && !data);
    child_asserts(seteuid(0) == 0 || chmod(".", 0700) == 0);
}

static void missing_rights_change_nothing(void **state) {
    must_write("state", "old");
    assert_int_equal(symlink("target", "link"), 0);
    assert_int_equal(make_dir("tree", 0755, NULL), 0);
    in_child(part_no_rights);
    must_hold("state", "old");
    char target[16] = "";
    assert_int_equal(readlink("link", target, sizeof(target) - 1), 6);
    assert_string_equal(target, "target");
    assert_int_equal(access("tree", F_OK), 0);
}

static void reads_with_a_bound(void **state) {
    must_write("file", "12345");
    char *data = NULL;
    size_t len = 0;
    struct error err = {0};
    assert_int_equal(file_read("file", 4, &data, &len, &err), -EFBIG);
    assert_null(data);
    assert_string_equal(err.text, "cannot read file: it is larger than 4 bytes");
    assert_int_equal(file_read("file", 5, &data, &len, &err), 0);
    assert_int_equal(len, 5);
    assert_string_equal(data, "12345");
    free(data);

    static char large[100000];
    memset(large, 'x', sizeof(large));
    assert_int_equal(file_write_atomic("large", large, sizeof(large), 0600, NULL), 0);
    assert_int_equal(file_read("large", sizeof(large), &data, &len, NULL), 0);
    assert_int_equal(len, sizeof(large));
    assert_memory_equal(data, large, len);
    free(data);

    /* stat() says 0 bytes of these. */
    assert_int_equal(file_read("/proc/self/status", 100000, &data, &len, NULL), 0);
    assert_true(len > 100);
    free(data);
}

static void reads_regular_files_only(void **state) {
    char *data = NULL;
    struct error err = {0};
    assert_int_equal(file_read("none", 100, &data, NULL, &err), -ENOENT);
    assert_string_equal(err.text, "cannot open none: No such file or directory");
    assert_int_equal(file_read(".", 100, &data, NULL, &err), -EISDIR);
    assert_int_equal(file_read("/dev/zero", 100, &data, NULL, &err), -EINVAL);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(file_read("fifo", 100, &data, NULL, &err), -EINVAL); /* and does not hang */
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_int_equal(file_read("loop", 100, &data, NULL, &err), -ELOOP);
    assert_null(data);
}

static void must_link_to(const char *path, const char *target) {
    char found[64] = "";
    assert_true(readlink(path, found, sizeof(found) - 1) > 0);
    assert_string_equal(found, target);
}

static void swaps_links(void **state) {
    struct error err = {0};
    assert_int_equal(make_dir("instances", 0755, &err), 0);
    assert_int_equal(symlink_swap("../revisions/1", "instances/blue-1", &err), 0);
    must_link_to("instances/blue-1", "../revisions/1");
    assert_int_equal(symlink("leftover", "instances/.blue-1.new"), 0);
    assert_int_equal(symlink_swap("../revisions/2", "instances/blue-1", &err), 0);
    must_link_to("instances/blue-1", "../revisions/2");
    assert_int_equal(access("instances/.blue-1.new", F_OK), -1);

    /* A link that leads to a folder is replaced itself; a folder is not. */
    assert_int_equal(symlink_swap("instances", "link", &err), 0);
    assert_int_equal(symlink_swap("elsewhere", "link", &err), 0);
    must_link_to("link", "elsewhere");
    assert_int_equal(symlink_swap("elsewhere", "instances", &err), -EISDIR);
    assert_int_equal(access(".instances.new", F_OK), -1);
    assert_int_equal(symlink_swap("x", "nowhere/link", &err), -ENOENT);
    assert_int_equal(symlink_swap("", "link", &err), -ENOENT);
    must_link_to("link", "elsewhere");
}

static void makes_folders(void **state) {
    struct error err = {0};
    assert_int_equal(make_dir("a", 0755, &err), 0);
    assert_int_equal(mode_of("a"), S_IFDIR | 0755);
    assert_int_equal(make_dir("a", 0750, &err), 0);
    assert_int_equal(mode_of("a"), S_IFDIR | 0750);
    assert_int_equal(make_dir("a/b/c", 0755, &err), -ENOENT);
    assert_string_equal(err.text, "cannot make the folder a/b/c: No such file or directory");

    must_write("file", "");
    assert_int_equal(make_dir("file", 0755, &err), -ENOTDIR);
    assert_int_equal(symlink("a", "link"), 0);
    assert_true(make_dir("link", 0700, &err) < 0);
    assert_int_equal(mode_of("a"), S_IFDIR | 0750);
    assert_int_equal(sync_dir("a", &err), 0);
    assert_int_equal(sync_dir("file", &err), -ENOTDIR);
}

static void removes_a_tree_and_nothing_else(void **state) {
    struct error err = {0};
    assert_int_equal(make_dir("kept", 0755, &err), 0);
    must_write("kept/file", "kept");
    assert_int_equal(make_dir("tree", 0755, &err), 0);
    assert_int_equal(make_dir("tree/sub", 0755, &err), 0);
    must_write("tree/sub/file", "x");
    assert_int_equal(symlink("../kept", "tree/link"), 0);
    assert_int_equal(symlink("../../kept/file", "tree/sub/link"), 0);
    assert_int_equal(mkfifo("tree/fifo", 0600), 0);
    for (int i = 0; i < 500; i++) {
        char path[32];
        (void)snprintf(path, sizeof(path), "tree/sub/%d", i);
        assert_int_equal(symlink("x", path), 0);
    }

    assert_int_equal(symlink("tree", "outer"), 0);
    assert_int_equal(remove_tree("outer", &err), 0); /* the link, not what it leads to */
    assert_int_equal(access("tree/sub/file", F_OK), 0);

    assert_int_equal(remove_tree("tree", &err), 0);
    assert_int_equal(access("tree", F_OK), -1);
    must_hold("kept/file", "kept");
    assert_int_equal(remove_tree("tree", &err), 0);
    assert_int_equal(remove_tree("kept/file", &err), 0);
    assert_int_equal(access("kept/file", F_OK), -1);
}

static void gives_up_on_endless_depth(void **state) {
    for (int i = 0; i < 70; i++)
        assert_true(mkdir("d", 0700) == 0 && chdir("d") == 0);
    assert_int_equal(chdir(folder), 0);
    struct error err = {0};
    assert_int_equal(remove_tree("d", &err), -ELOOP);

    for (int i = 0; i < 40; i++)
        assert_int_equal(chdir("d"), 0);
    assert_int_equal(remove_tree("d", &err), 0);
    assert_int_equal(chdir(folder), 0);
}

int main(void) {
#define in_folder(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)
    const struct CMUnitTest tests[] = {
        in_folder(writes_and_replaces),
        in_folder(leftovers_of_a_crash_do_not_matter),
        in_folder(refuses_paths_that_name_no_file),
        in_folder(a_failing_write_leaves_the_old_content),
        in_folder(a_full_disk_leaves_the_old_content),
        in_folder(missing_rights_change_nothing),
        in_folder(reads_with_a_bound),
        in_folder(reads_regular_files_only),
        in_folder(swaps_links),
        in_folder(makes_folders),
        in_folder(removes_a_tree_and_nothing_else),
        in_folder(gives_up_on_endless_depth),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
