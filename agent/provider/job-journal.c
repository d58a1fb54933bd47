/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provider/job-journal.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "common/log.h"
#include "common/text.h"

#define MESSAGE "MESSAGE="
#define SEPARATOR " | "
#define LINE_MAX_SHOWN 120

static void close_journal(sd_journal **place) {
    sd_journal_close(*place);
}

/* At the end of all that the run's own processes wrote. */
static int open_at_end(sd_journal **ret, const struct id128 *invocation) {
    char match[] = "_SYSTEMD_INVOCATION_ID=00000000000000000000000000000000";
    char *hex = strchr(match, '=') + 1;
    for (size_t i = 0; i < sizeof invocation->bytes; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", invocation->bytes[i]);
    int r = sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
    if (r >= 0)
        r = sd_journal_set_data_threshold(*ret, 4096);
    if (r >= 0)
        r = sd_journal_add_match(*ret, match, 0);
    return r < 0 ? r : sd_journal_seek_tail(*ret);
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

void job_journal(const struct id128 *invocation, char *ret, size_t size) {
    __attribute__((cleanup(close_journal))) sd_journal *journal = NULL;
    *ret = '\0';
    int r = open_at_end(&journal, invocation);
    for (int i = 0; i < JOB_LINES && r >= 0 && (r = sd_journal_previous(journal)) > 0; i++) {
        const void *data;
        size_t len;
        char line[LINE_MAX_SHOWN];
        if (sd_journal_get_data(journal, "MESSAGE", &data, &len) < 0 || len < strlen(MESSAGE))
            continue;
        const char *text = (const char *)data + strlen(MESSAGE);
        if (!prepend(ret, size, text_escape(line, sizeof line, text, len - strlen(MESSAGE))))
            break;
    }
    if (r < 0)
        log_debug("provider", "the journal of a job cannot be read: %s", strerror(-r));
}
