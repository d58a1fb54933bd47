/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* logs: what the journal has of an app, its agent and its instances together. journalctl(1) shows it, as its users know
 * it; who may read what, paging and following are its business. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "core/words.h"
#include "ctl/ctl.h"

#define UNITS_MAX (1 + COLORS * REPLICAS_MAX) /* the agent and every instance that there can be */
#define FIXED_WORDS 8                         /* of the command line, besides its units */

struct unit_list {
    size_t n;
    char names[UNITS_MAX][UNIT_NAME_MAX];
};

static void add_unit(struct unit_list *list, const char *name) {
    if (list->n < UNITS_MAX && *name)
        (void)string_copy(list->names[list->n++], UNIT_NAME_MAX, name);
}

/* As the agent knows them: it may run on a configuration that the files don't have any more. */
static bool units_of_agent(const char *app, struct unit_list *list) {
    _cleanup_(client_cleanup) struct client *client = NULL;
    _cleanup_answer_ struct answer_document answer = {0};
    if (talk_begin(app, &client, NULL) < 0 || client_ask(client, "/v1/rollout", NULL, &answer, NULL) < 0 ||
        answer.status != 200)
        return false;
    json_for_each(instance, field_of(answer.document, "instances")) add_unit(list, field_text(instance, "unit"));
    return true;
}

static int units_of_files(const char *app, struct unit_list *list, struct error *err) {
    struct spec *spec = NULL;
    int r = spec_load(app, NULL, &spec, err);
    for (enum color color = BLUE; r >= 0 && color < COLORS; color++)
        for (uint32_t number = 0; number < spec->replicas; number++) {
            char unit[UNIT_NAME_MAX];
            if (spec_instance_unit(spec, INSTANCE_NAME(color, number), unit, sizeof unit) >= 0)
                add_unit(list, unit);
        }
    (void)spec_free(spec);
    return r;
}

/* Becomes journalctl; returns only when that fails. */
static enum exit_code become_journalctl(const struct invocation *asked, const struct unit_list *list) {
    const char *words[FIXED_WORDS + 2 * UNITS_MAX];
    size_t n = 0;
    words[n++] = "journalctl";
    if (asked->follow)
        words[n++] = "--follow";
    if (asked->writer->json)
        words[n++] = "--output=json";
    if (asked->lines) {
        words[n++] = "--lines";
        words[n++] = asked->lines;
    }
    if (asked->since) {
        words[n++] = "--since";
        words[n++] = asked->since;
    }
    for (size_t i = 0; i < list->n; i++) {
        words[n++] = "--unit";
        words[n++] = list->names[i];
    }
    words[n] = NULL;
    (void)execvp(words[0], (char *const *)(uintptr_t)words);
    return say_failed(EXIT_DEGRADED, "journalctl cannot be run: %s", strerror(errno));
}

enum exit_code run_logs(const struct invocation *asked) {
    const char *app = asked->arguments[0];
    struct unit_list list = {0};
    struct error err = {0};
    char agent[UNIT_NAME_MAX];
    if (!app_name_valid(app))
        return say_failed(EXIT_USAGE, "\"%s\" is no name of an app: expected a-z, 0-9 and -, at most 63", SAFE(app));
    (void)snprintf(agent, sizeof agent, "rollout@%s.service", app);
    add_unit(&list, agent);
    if (!units_of_agent(app, &list)) {
        int r = units_of_files(app, &list, &err);
        if (r == -ENOENT)
            return say_failed(EXIT_USAGE, "%s", SAFE(err.text));
        if (r < 0) /* why the agent doesn't answer is in its own messages */
            (void)say_failed(EXIT_USAGE, "only the agent's messages, as its instances are not known: %s",
                             SAFE_LINES(err.text));
    }
    return become_journalctl(asked, &list);
}
