/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Following a rollout. Looking again at the whole decides, so that nothing is lost when the agent restarts meanwhile;
 * its events only say when to look. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "ctl/ctl.h"
#include "ctl/tree.h"

#define LOOK_EVERY USEC_PER_SEC
#define RETRY_EVERY_MSEC 300

struct follower {
    const struct invocation *asked;
    struct client *client;
    usec_t end; /* CLOCK_MONOTONIC */
    bool reached, lost;
    bool picture; /* redraw the whole; else a line per change */
    char *line;   /* the last one shown */
};

usec_t monotonic_now(void) {
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * USEC_PER_SEC + time.tv_nsec / 1000;
}

/* One line for each change. Where the result is what comes at the end, they go to standard error. */
static void show_change(struct follower *follower, const cJSON *rollout) {
    char *line = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&line, &len);
    if (!memory)
        return;
    view_line(follower->asked->writer, memory, rollout);
    if (fclose(memory) != 0 || !line || (follower->line && strcmp(follower->line, line) == 0)) {
        free(line);
        return;
    }
    const char *time = field_text(rollout, "time");
    FILE *out = follower->asked->verb->run == run_get ? stdout : stderr;
    (void)fprintf(out, "%.8s %s", strlen(time) > 19 ? time + 11 : "--------", line);
    (void)fflush(out);
    free(follower->line);
    follower->line = line;
}

static void show(struct follower *follower, const cJSON *rollout) {
    struct writer *writer = follower->asked->writer;
    if (follower->picture)
        (void)writer_redraw(writer, rollout, view_rollout);
    else if (!writer->json)
        show_change(follower, rollout);
}

/* Looks once. True: it is over. */
static bool look(struct follower *follower, watch_judge judge, void *userdata, enum exit_code *ret) {
    _cleanup_answer_ struct answer_document answer = {0};
    struct error err = {0};
    int r = client_ask(follower->client, "/v1/rollout", NULL, &answer, &err);
    if (r < 0 && !follower->reached) {
        *ret = say_failed(EXIT_UNREACHABLE, "%s", SAFE(err.text));
        return true;
    }
    if (r < 0 || answer.status != 200) {
        if (!follower->lost)
            (void)say_failed(EXIT_UNREACHABLE, "%s; trying again", r < 0 ? SAFE(err.text) : "the agent gave no answer");
        follower->lost = true;
        return false;
    }
    follower->reached = true;
    follower->lost = false;
    show(follower, answer.document);
    if (!judge(follower->client, answer.document, userdata, ret))
        return false;
    if (!follower->picture && writer_show(follower->asked->writer, answer.document, view_line) < 0)
        *ret = EXIT_DEGRADED;
    return true;
}

static void wait_for_change(struct follower *follower) {
    struct sse_event event;
    usec_t left = follower->end - monotonic_now();
    if (left <= 0)
        return;
    if (client_next_event(follower->client, left < LOOK_EVERY ? left : LOOK_EVERY, &event, NULL) < 0)
        (void)poll(NULL, 0,
                   left < RETRY_EVERY_MSEC * USEC_PER_MSEC ? (int)(left / USEC_PER_MSEC) + 1 : RETRY_EVERY_MSEC);
}

enum exit_code watch(const struct invocation *asked, struct client *client, bool reached, watch_judge judge,
                     void *userdata) {
    bool endless = asked->verb->run == run_get;
    struct follower follower = {.asked = asked, .client = client, .reached = reached};
    follower.picture = asked->writer->terminal ? asked->verb->run != run_status : endless && asked->writer->json;
    follower.end = usec_add(monotonic_now(), asked->timeout > 0 ? asked->timeout
                                             : endless          ? USEC_INFINITY
                                                                : TIMEOUT_DEFAULT);
    if (follower.picture && asked->writer->terminal)
        (void)fputs("\033[H\033[2J", stdout);

    enum exit_code code = EXIT_HOLDS;
    while (!look(&follower, judge, userdata, &code)) {
        if (monotonic_now() >= follower.end) {
            code = endless ? EXIT_HOLDS
                           : say_failed(EXIT_TIMED_OUT, "out of time%s",
                                        follower.lost ? ": the agent does not answer" : "");
            break;
        }
        wait_for_change(&follower);
    }
    free(follower.line);
    return code;
}
