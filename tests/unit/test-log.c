/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/journal.h"
#include "common/log.h"
#include "common/text.h"

/* What is logged to stderr while part runs. */
static const char *stderr_of(void (*part)(void)) {
    static char text[2 * LOG_MESSAGE_MAX];
    int ends[2], kept = dup(STDERR_FILENO);
    assert_true(kept >= 0);
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    part();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    ssize_t n = read(ends[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    (void)close(kept);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return text;
}

static void one_of_each(void) {
    log_error("traffic", "an %s", "error");
    log_warning("traffic", "a warning");
    log_notice("traffic", "a notice");
    log_info("traffic", "an info");
    log_debug("traffic", "a debug");
}

static void filters_by_level(void **state) {
    log_setup(LOG_WARNING);
    assert_string_equal(stderr_of(one_of_each), "error: traffic: an error\nwarning: traffic: a warning\n");
    log_setup(LOG_DEBUG);
    assert_non_null(strstr(stderr_of(one_of_each), "info: traffic: an info\ndebug: traffic: a debug\n"));
}

static void an_event(void) {
    static const char *const fields[] = {"MESSAGE_ID=0123456789abcdef0123456789abcdef", "APP=shop"};
    log_event(LOG_NOTICE, "core", fields, ELEMENTS(fields), "step %d completed", 2);
}

static void events_show_their_message(void **state) {
    log_setup(LOG_INFO);
    assert_string_equal(stderr_of(an_event), "notice: core: step 2 completed\n");
}

static void something_hostile(void) {
    errno = ENOENT;
    log_info("api", "asked for %s", "\x1b[2Ja\nb");
    if (errno != ENOENT)
        log_info("api", "errno has changed");
}

static void bytes_from_outside_do_no_harm(void **state) {
    log_setup(LOG_INFO);
    assert_string_equal(stderr_of(something_hostile), "info: api: asked for \\x1b[2Ja\\nb\n");
}

static void something_long(void) {
    char endless[3 * LOG_MESSAGE_MAX];
    memset(endless, 'x', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    log_info("api", "%s", endless);
}

static void long_messages_are_cut(void **state) {
    log_setup(LOG_INFO);
    assert_int_equal(strlen(stderr_of(something_long)), strlen("info: api: ") + LOG_MESSAGE_MAX - 1 + 1);
}

static void reads_levels(void **state) {
    assert_int_equal(log_level_from_string("error"), LOG_ERR);
    assert_int_equal(log_level_from_string("debug"), LOG_DEBUG);
    assert_int_equal(log_level_from_string("emergency"), -EINVAL);
    assert_int_equal(log_level_from_string("Debug"), -EINVAL);
    assert_int_equal(log_level_from_string(""), -EINVAL);
}

static void knows_the_journal_by_its_stream(void **state) {
    struct stat found;
    char stream[64];
    assert_int_equal(fstat(STDERR_FILENO, &found), 0);
    (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)found.st_dev, (uintmax_t)found.st_ino);
    assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
    assert_true(journal_is_stream(STDERR_FILENO));
    assert_false(journal_is_stream(-1));
    (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)found.st_dev, (uintmax_t)found.st_ino + 1);
    assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
    assert_false(journal_is_stream(STDERR_FILENO));
    assert_int_equal(setenv("JOURNAL_STREAM", "nonsense", 1), 0);
    assert_false(journal_is_stream(STDERR_FILENO));
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    assert_false(journal_is_stream(STDERR_FILENO));
}

static char folder[64];
static struct sockaddr_un journal = {.sun_family = AF_UNIX};

static int bind_journal(void **state) {
    (void)snprintf(folder, sizeof(folder), "/tmp/rollout-test-log.XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(journal.sun_path, sizeof(journal.sun_path), "%s/socket", folder);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    *state = (void *)(intptr_t)fd;
    return fd >= 0 && bind(fd, (const struct sockaddr *)&journal, sizeof(journal)) == 0 ? 0 : -1;
}

static int remove_journal(void **state) {
    (void)close((int)(intptr_t)*state);
    return unlink(journal.sun_path) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void speaks_to_the_journal(void **state) {
    int fd = (int)(intptr_t)*state;
    static const char *const fields[] = {"MESSAGE=a=b", "TEXT=one\ntwo", "no field"};
    static const char expected[] = "MESSAGE=a=b\nTEXT\n\x07\0\0\0\0\0\0\0one\ntwo\n";
    char entry[100];
    assert_int_equal(journal_send(journal.sun_path, fields, ELEMENTS(fields)), 0);
    assert_int_equal(recv(fd, entry, sizeof(entry), 0), sizeof(expected) - 1);
    assert_memory_equal(entry, expected, sizeof(expected) - 1);

    static char endless[100000] = "MESSAGE=";
    memset(endless + 8, 'x', sizeof(endless) - 9);
    assert_int_equal(journal_send(journal.sun_path, (const char *const[]){endless}, 1), -EMSGSIZE);
    assert_int_equal(recv(fd, entry, sizeof(entry), 0), -1);
}

static void a_journal_that_hangs_does_not_hang_us(void **state) {
    static const char *const fields[] = {"MESSAGE=anybody there?"};
    int r = 0;
    for (int i = 0; i < 10000 && r == 0; i++)
        r = journal_send(journal.sun_path, fields, 1);
    assert_int_equal(r, -EAGAIN);

    struct timespec before, after;
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(journal_send(journal.sun_path, fields, 1), -EAGAIN);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    int64_t waited_ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    assert_true(waited_ms < 500);
}

static void a_journal_that_is_gone_is_an_error(void **state) {
    static const char *const fields[] = {"MESSAGE=x"};
    assert_int_equal(journal_send("/tmp/rollout-no-such-folder/socket", fields, 1), -ENOENT);
    char endless[200];
    memset(endless, 'x', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_int_equal(journal_send(endless, fields, 1), -ENAMETOOLONG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_by_level),
        cmocka_unit_test(events_show_their_message),
        cmocka_unit_test(bytes_from_outside_do_no_harm),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(reads_levels),
        cmocka_unit_test(knows_the_journal_by_its_stream),
        cmocka_unit_test_setup_teardown(speaks_to_the_journal, bind_journal, remove_journal),
        cmocka_unit_test(a_journal_that_is_gone_is_an_error),
        cmocka_unit_test_setup_teardown(a_journal_that_hangs_does_not_hang_us, bind_journal, remove_journal),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
