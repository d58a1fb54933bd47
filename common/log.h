/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program's log. Every call names its subsystem first: log_warning("traffic", "cannot reach %s", name).
 * Where stderr is the journal, entries go to it with native fields (SUBSYSTEM=, CODE_FILE=, ...), otherwise as lines to
 * stderr. A journal that does not take entries is waited for a moment, then the entry is dropped and counted.
 * Library code logs at debug only; what a person should know travels up as an error. */
#ifndef ROLLOUT_COMMON_LOG_H
#define ROLLOUT_COMMON_LOG_H

#include <stddef.h>
#include <syslog.h>

/* Longer messages are cut. */
#define LOG_MESSAGE_MAX 2048

/* Finds out where entries go, and lets through what is at least as grave as level (LOG_ERR ... LOG_DEBUG). Without a
 * call: LOG_INFO to stderr. */
void log_setup(int level);

/* The syslog level of "error", "warning", "notice", "info" or "debug"; -EINVAL for another word. */
int log_level_from_string(const char *word);

/* An entry with further journal fields, "KEY=value" each (KEY as the journal wants it: A-Z, 0-9, _; the value may have
 * any bytes but NUL). A field "MESSAGE_ID=..." ties the entry to a catalog text. On stderr only the message shows. */
void log_event(int level, const char *subsystem, const char *const *fields, size_t n_fields, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* What the macros below call. */
void log_message(int level, const char *subsystem, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#define log_error(subsystem, ...) log_message(LOG_ERR, subsystem, __FILE__, __LINE__, __VA_ARGS__)
#define log_warning(subsystem, ...) log_message(LOG_WARNING, subsystem, __FILE__, __LINE__, __VA_ARGS__)
#define log_notice(subsystem, ...) log_message(LOG_NOTICE, subsystem, __FILE__, __LINE__, __VA_ARGS__)
#define log_info(subsystem, ...) log_message(LOG_INFO, subsystem, __FILE__, __LINE__, __VA_ARGS__)
#define log_debug(subsystem, ...) log_message(LOG_DEBUG, subsystem, __FILE__, __LINE__, __VA_ARGS__)

#endif
