/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/log.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/journal.h"
#include "common/text.h"

#define FIELDS_MAX 32
#define OWN_FIELDS 6

static struct {
    int level;
    bool to_journal;
    unsigned long dropped;
} log_state = {.level = LOG_INFO};

/* By syslog's numbers; the graver ones are not for us. */
static const char *const level_names[] = {
    "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug",
};

void log_setup(int level) {
    log_state.level = level;
    log_state.to_journal = journal_is_stream(STDERR_FILENO);
}

int log_level_from_string(const char *word) {
    for (int level = LOG_ERR; level <= LOG_DEBUG; level++)
        if (strcmp(level_names[level], word) == 0)
            return level;
    return -EINVAL;
}

static void to_stderr(int level, const char *subsystem, const char *message) {
    char safe[LOG_MESSAGE_MAX];
    /* One write() per line, so that lines of several processes do not mix. */
    (void)dprintf(STDERR_FILENO, "%s: %s: %s\n", level_names[level], subsystem,
                  text_escape(safe, sizeof(safe), message, strlen(message)));
}

static void to_journal(int level, const char *subsystem, const char *file, int line, const char *const *more,
                       size_t n_more, const char *message) {
    char message_field[LOG_MESSAGE_MAX + 64], priority[16], subsystem_field[80], file_field[160], line_field[32];
    const char *fields[FIELDS_MAX + OWN_FIELDS];
    size_t n = 0;

    (void)snprintf(message_field, sizeof(message_field), "MESSAGE=%s: %s", subsystem, message);
    fields[n++] = message_field;
    (void)snprintf(priority, sizeof(priority), "PRIORITY=%d", level);
    fields[n++] = priority;
    (void)snprintf(subsystem_field, sizeof(subsystem_field), "SUBSYSTEM=%s", subsystem);
    fields[n++] = subsystem_field;
    if (file) {
        (void)snprintf(file_field, sizeof(file_field), "CODE_FILE=%s", file);
        fields[n++] = file_field;
        (void)snprintf(line_field, sizeof(line_field), "CODE_LINE=%d", line);
        fields[n++] = line_field;
    }
    char dropped[48];
    if (log_state.dropped > 0) {
        (void)snprintf(dropped, sizeof(dropped), "ENTRIES_DROPPED_BEFORE=%lu", log_state.dropped);
        fields[n++] = dropped;
    }
    for (size_t i = 0; i < n_more && i < FIELDS_MAX; i++)
        fields[n++] = more[i];

    if (journal_send(NULL, fields, n) < 0)
        log_state.dropped++;
    else
        log_state.dropped = 0;
}

static void submit(int level, const char *subsystem, const char *file, int line, const char *const *fields,
                   size_t n_fields, const char *format, va_list args) __attribute__((format(printf, 7, 0)));

static void submit(int level, const char *subsystem, const char *file, int line, const char *const *fields,
                   size_t n_fields, const char *format, va_list args) {
    assert(level >= LOG_EMERG && level <= LOG_DEBUG);
    if (level > log_state.level)
        return;

    int saved_errno = errno; /* a caller may log first and look at errno afterwards */
    char message[LOG_MESSAGE_MAX];
    (void)vsnprintf(message, sizeof(message), format, args);
    if (log_state.to_journal)
        to_journal(level, subsystem, file, line, fields, n_fields, message);
    else
        to_stderr(level, subsystem, message);
    errno = saved_errno;
}

void log_message(int level, const char *subsystem, const char *file, int line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    submit(level, subsystem, file, line, NULL, 0, format, args);
    va_end(args);
}

void log_event(int level, const char *subsystem, const char *const *fields, size_t n_fields, const char *format, ...) {
    va_list args;
    va_start(args, format);
    submit(level, subsystem, NULL, 0, fields, n_fields, format, args);
    va_end(args);
}
