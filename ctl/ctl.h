/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rolloutctl's inside: a verb is a line in the table of verbs.c and a function in the file of its family. */
#ifndef ROLLOUT_CTL_CTL_H
#define ROLLOUT_CTL_CTL_H

#include <stdbool.h>
#include <stddef.h>

#include "client/client.h"
#include "common/json-writer.h"
#include "common/time.h"
#include "ctl/writer.h"
#include "spec/spec.h"

/* What rolloutctl exits with: a contract. */
enum exit_code {
    EXIT_HOLDS = 0,       /* what was asked holds */
    EXIT_DEGRADED = 1,    /* the rollout is or ends Degraded, or was superseded; or it could not be carried out */
    EXIT_USAGE = 2,       /* wrong usage or configuration */
    EXIT_TIMED_OUT = 3,   /* a wait ran out of time */
    EXIT_UNREACHABLE = 4, /* the agent does not answer */
    EXIT_REFUSED = 5,     /* the verb makes no sense in this phase */
};

#define PAIRS_MAX 64

/* How long is waited where --timeout says nothing. */
#define TIMEOUT_DEFAULT (1800 * USEC_PER_SEC)

/* Options that a verb may take, as bits; their names and texts are in the table of options.c. */
enum option {
    OPTION_OUTPUT = 1 << 0,
    OPTION_WATCH = 1 << 1,
    OPTION_TIMEOUT = 1 << 2,
    OPTION_ENV = 1 << 3,
    OPTION_FULL = 1 << 4,
    OPTION_HELP = 1 << 5,
    OPTION_HAPROXY = 1 << 6,
    OPTION_UNTIL = 1 << 7,
    OPTION_FOLLOW = 1 << 8,
    OPTION_LINES = 1 << 9,
    OPTION_SINCE = 1 << 10,
    OPTION_ARG = 1 << 11,
    OPTION_NOW = 1 << 12,
    OPTION_TO_REVISION = 1 << 13,
    OPTION_STRATEGY = 1 << 14,
    OPTION_REPLICAS = 1 << 15,
    OPTION_PORT = 1 << 16,
    OPTION_RELEASE = 1 << 17,
    OPTION_EXEC = 1 << 18,
    OPTION_BIND = 1 << 19,
    OPTION_DIR = 1 << 20,
};

/* One command line, understood. */
struct invocation {
    const struct verb *verb;
    char **arguments;
    size_t n_arguments;
    bool watch, until_paused, full, follow, now, help;
    usec_t timeout;               /* 0: not given */
    uint32_t to_revision;         /* 0: not given */
    const char *pairs[PAIRS_MAX]; /* KEY=VALUE of --env or --arg */
    size_t n_pairs;
    const char *haproxy;       /* a file; NULL: not given */
    const char *lines, *since; /* for journalctl; NULL: not given */
    /* init: 0 and NULL: not given */
    enum strategy strategy;
    uint32_t replicas, port;
    const char *release, *command, *bind, *dir;
    struct writer *writer;
};

struct verb {
    const char *name;
    const char *arguments; /* "APP VERSION" */
    const char *summary;   /* one line, no capital, no full stop */
    const char *help;      /* further lines, or NULL */
    unsigned options;
    size_t least, most; /* arguments */
    enum exit_code (*run)(const struct invocation *asked);
};

/* verbs.c */
extern const struct verb verbs[];
extern const size_t n_verbs;
const struct verb *verb_find(const char *name);

/* options.c: fills ret from what follows the verb. -EINVAL for a command line that is none, the error says why. */
int options_parse(const struct verb *verb, int argc, char **argv, struct invocation *ret, struct error *err);
/* The n-th option of the table as its words; NULL behind the last. */
struct option_text {
    enum option bit;
    const char *name, *letter, *argument, *help;
};
const struct option_text *option_text(size_t n);

/* help.c */
void help_all(FILE *out);
void help_verb(FILE *out, const struct verb *verb);
enum exit_code run_help(const struct invocation *asked);
enum exit_code run_version(const struct invocation *asked);
/* completion.c */
enum exit_code run_completion(const struct invocation *asked);

/* talk.c: the agent of an app. Every failure is said on standard error. */
const char *run_folder(void);
int talk_begin(const char *app, struct client **ret, struct error *err);
/* Asks and takes only good answers: 0, or the exit code. */
enum exit_code talk_ask(struct client *client, const char *path, const char *body, struct answer_document *ret);
enum exit_code say_failed(enum exit_code code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* watch.c: looks at the rollout whenever something changes, until JUDGE says that it ended (true, with the exit code).
 * An agent that is away is waited for once it was REACHED, be it before. */
typedef bool (*watch_judge)(struct client *client, const cJSON *rollout, void *userdata, enum exit_code *ret);
enum exit_code watch(const struct invocation *asked, struct client *client, bool reached, watch_judge judge,
                     void *userdata);

/* Largest body of a request. */
#define BODY_MAX ((size_t)64 * 1024)

/* act.c: adds "KEY=VALUE" as a member. */
void put_pair(struct json_writer *body, const char *pair);
/* What a deploy is asked with: the whole body. */
void put_deploy(struct json_writer *body, const struct invocation *asked);

/* CLOCK_MONOTONIC (watch.c). */
usec_t monotonic_now(void);

/* The families. */
enum exit_code run_deploy(const struct invocation *asked); /* act.c */
enum exit_code run_promote(const struct invocation *asked);
enum exit_code run_undo(const struct invocation *asked);
enum exit_code run_plan(const struct invocation *asked);    /* plan.c */
enum exit_code run_analyze(const struct invocation *asked); /* analyze.c */
enum exit_code run_plain_verb(const struct invocation *asked);
enum exit_code run_get(const struct invocation *asked); /* show.c */
enum exit_code run_status(const struct invocation *asked);
enum exit_code run_list(const struct invocation *asked);
enum exit_code run_history(const struct invocation *asked); /* past.c */
enum exit_code run_analysis(const struct invocation *asked);
enum exit_code run_logs(const struct invocation *asked); /* logs.c */
enum exit_code run_lint(const struct invocation *asked); /* lint.c */
enum exit_code run_init(const struct invocation *asked); /* init.c */
enum exit_code run_permit(const struct invocation *asked);

#endif
