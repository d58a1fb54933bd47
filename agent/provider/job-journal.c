/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provider/job-journal.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "common/log.h"
#include "common/text.h"

#define MESSAGE "MESSAGE="
#define INVOCATION "_SYSTEMD_INVOCATION_ID="
#define SEPARATOR " | "
#define LINE_MAX_SHOWN 120
#define LINES_LOOKED_AT 100

static void close_journal(sd_journal **place) {
    sd_journal_close(*place);
}

/* At the end of all that the unit's own processes wrote. */
static int open_at_end(sd_journal **ret, const char *unit) {
    char match[sizeof "_SYSTEMD_UNIT=" + UNIT_NAME_MAX];
    (void)snprintf(match, sizeof match, "_SYSTEMD_UNIT=%s", unit);
    int r = sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
    if (r >= 0)
        r = sd_journal_set_data_threshold(*ret, 4096);
    if (r >= 0)
        r = sd_journal_add_match(*ret, match, 0);
    return r < 0 ? r : sd_journal_seek_tail(*ret);
}

/* In whatever boot: inside a container a hardened unit may be shown another id of it than journald. */
static bool came_since(sd_journal *journal, usec_t began) {
    uint64_t at;
    sd_id128_t boot;
    return sd_journal_get_monotonic_usec(journal, &at, &boot) >= 0 && at >= (uint64_t)began;
}

/* Journald learns whose run a line is of when it reads it; a run that has ended by then has left its unit's name alone:
 * client_context_read_invocation_id() in systemd's journald-context.c. */
static bool is_of_another_run(sd_journal *journal, const struct id128 *invocation) {
    const void *data;
    size_t len;
    sd_id128_t id;
    char own[sizeof INVOCATION + SD_ID128_STRING_MAX];
    memcpy(id.bytes, invocation->bytes, sizeof id.bytes);
    (void)snprintf(own, sizeof own, INVOCATION SD_ID128_FORMAT_STR, SD_ID128_FORMAT_VAL(id));
    return sd_journal_get_data(journal, "_SYSTEMD_INVOCATION_ID", &data, &len) >= 0 &&
           (len != strlen(own) || memcmp(data, own, len) != 0);
}

/* Puts a line before those in RET, if there is room. */
static bool prepend(char *ret, size_t size, const char *line) {
    size_t len = strlen(line), held = strlen(ret), gap = held > 0 ? strlen(SEPARATOR) : 0;
    if (len + gap + held >= size)
        return false;
    memmove(ret + len + gap, ret, held + 1);
    memcpy(ret, line, len);
    memcpy(ret + len, SEPARATOR, gap);
    return true;
}

void job_journal(const char *unit, const struct oneshot_result *run, char *ret, size_t size) {
    __attribute__((cleanup(close_journal))) sd_journal *journal = NULL;
    *ret = '\0';
    int r = open_at_end(&journal, unit);
    for (int i = 0, lines = 0; i < LINES_LOOKED_AT && lines < JOB_LINES && r >= 0; i++) {
        const void *data;
        size_t len;
        char line[LINE_MAX_SHOWN];
        if ((r = sd_journal_previous(journal)) <= 0 || !came_since(journal, run->began))
            break;
        if (is_of_another_run(journal, &run->invocation) || sd_journal_get_data(journal, "MESSAGE", &data, &len) < 0 ||
            len < strlen(MESSAGE))
            continue;
        const char *text = (const char *)data + strlen(MESSAGE);
        if (!prepend(ret, size, text_escape(line, sizeof line, text, len - strlen(MESSAGE))))
            break;
        lines++;
    }
    if (r < 0)
        log_debug("provider", "the journal of a job cannot be read: %s", strerror(-r));
}
