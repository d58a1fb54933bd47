/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every verb in every situation: what the core answers is what ARCHITECTURE.md says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "common/text.h"
#include "core/command.h"
#include "core/decide.h"

/* ---------------------------------------------------------------- situations: v1 was live, v2 is, v3 comes */

static const struct spec spec = {
    .app = "shop",
    .replicas = 2,
    .revision_history_limit = 10,
    .hooks = &(struct party_spec){.name = "ok", .moments = 1u << HOOK_CONFIRM_TRAFFIC_INCREASE},
    .n_hooks = 1,
    .n_steps = 3,
    .steps = {{.kind = STEP_SET_WEIGHT, .text = "setWeight 20", .weight = 2000},
              {.kind = STEP_ANALYSIS, .text = "analysis good"},
              {.kind = STEP_PAUSE, .text = "pause", .duration = USEC_INFINITY}},
};
static struct world world;

static struct id128 identity_of(uint32_t revision) {
    return (struct id128){.bytes = {(uint8_t)revision}};
}

static void remember(struct state *state, uint32_t revision, enum outcome outcome) {
    memmove(&state->history[1], &state->history[0], state->n_history++ * sizeof state->history[0]);
    state->history[0] = (struct history){.revision = revision, .attempt = 1, .outcome = outcome};
    state->history[0].identity = identity_of(revision);
    (void)snprintf(state->history[0].version, sizeof state->history[0].version, "v%u", revision);
    state->next_revision = revision + 1;
}

static void live(struct state *state) {
    state_init(state);
    remember(state, 1, OUTCOME_PROMOTED);
    remember(state, 2, OUTCOME_PROMOTED);
    state->stable = GREEN;
    state->slots[GREEN].revision = 2;
    state->rollout = (struct rollout){.revision = 2, .attempt = 1, .color = GREEN, .step = spec.n_steps};
}

static void under_way(struct state *state, uint32_t step) {
    live(state);
    remember(state, 3, OUTCOME_RUNNING);
    state->slots[BLUE].revision = 3;
    state->rollout = (struct rollout){.mode = MODE_RUNNING, .revision = 3, .attempt = 1, .color = BLUE, .step = step};
}

static void shifting(struct state *state) {
    under_way(state, 0);
}

static void at_a_gate(struct state *state) {
    under_way(state, 0);
    state->next_call = 2;
    state->rollout.hooks[0].calls[HOOK_LANE_STEPS] =
        (struct hook_call){.number = 1, .moment = HOOK_CONFIRM_TRAFFIC_INCREASE, .open = true};
}

static void analysis(struct state *state) {
    under_way(state, 1);
}

static void paused(struct state *state) {
    under_way(state, 2);
}

static void paused_by_hand(struct state *state) {
    under_way(state, 0);
    state->rollout.paused_by_user = true;
}

static void aborted(struct state *state) {
    under_way(state, 0);
    state->rollout.mode = MODE_ABORTED;
    state->history[0].outcome = OUTCOME_ABORTED;
}

static void one_queued(struct state *state) {
    live(state);
    remember(state, 3, OUTCOME_RUNNING);
    state->queued.revision = 3;
}

static void held(struct state *state) {
    live(state);
    remember(state, 3, OUTCOME_RUNNING);
    state->stable = COLOR_NONE;
    state->slots[BLUE].revision = 3;
    state->rollout = (struct rollout){.mode = MODE_HELD, .reason = REASON_LOST_STATE};
    world.n_balancers = world.n_backends = 1;
    world.balancers[0].servers[0][GREEN][0] = (struct server_seen){.known = true, .up = true, .weight = 80};
    world.balancers[0].servers[0][BLUE][0] = (struct server_seen){.known = true, .up = true, .weight = 20};
}

static void inconclusive(struct state *state) {
    under_way(state, 1);
    state->rollout.paused_inconclusive = true;
}

static void first_version(struct state *state) {
    state_init(state);
    remember(state, 3, OUTCOME_RUNNING);
    state->slots[BLUE].revision = 3;
    state->rollout = (struct rollout){.mode = MODE_RUNNING, .revision = 3, .attempt = 1, .color = BLUE};
}

static const struct {
    const char *name;
    void (*make)(struct state *state);
} situations[] = {
    {"nothing deployed", state_init},
    {"live", live},
    {"shifting", shifting},
    {"at a gate", at_a_gate},
    {"analysis", analysis},
    {"paused", paused},
    {"paused by hand", paused_by_hand},
    {"aborted", aborted},
    {"live, one queued", one_queued},
    {"held", held},
    {"inconclusive", inconclusive},
    {"first version", first_version},
};

/* ---------------------------------------------------------------- verbs */

#define ANOTHER_VERSION 9

static const struct {
    const char *name;
    struct command command;
    uint32_t version; /* of a deploy */
} verbs[] = {
    {"deploy another version", {.verb = VERB_DEPLOY}, ANOTHER_VERSION},
    {"deploy the version of this rollout", {.verb = VERB_DEPLOY}, 3},
    {"deploy the live version", {.verb = VERB_DEPLOY}, 2},
    {"promote", {.verb = VERB_PROMOTE}, 0},
    {"promote --full", {.verb = VERB_PROMOTE, .full = true}, 0},
    {"abort", {.verb = VERB_ABORT}, 0},
    {"retry", {.verb = VERB_RETRY}, 0},
    {"pause", {.verb = VERB_PAUSE}, 0},
    {"resume", {.verb = VERB_RESUME}, 0},
    {"undo", {.verb = VERB_UNDO}, 0},
    {"undo --to-revision", {.verb = VERB_UNDO, .to_revision = 1}, 0},
    {"restart", {.verb = VERB_RESTART}, 0},
};

/* "-" where there is no such version. */
static const char *ask(size_t verb, size_t situation) {
    static const char *const words[] = {[VERDICT_ACCEPTED] = "yes",
                                        [VERDICT_ALREADY] = "already",
                                        [VERDICT_ATTACHED] = "attached",
                                        [VERDICT_REFUSED] = "no",
                                        [VERDICT_UNEXPECTED] = "unexpected"};
    static struct state state, next;
    struct command command_asked = verbs[verb].command;
    struct command_result result;
    memset(&world, 0, sizeof world);
    situations[situation].make(&state);
    assert_null(state_invalid(&state));
    uint32_t version = verbs[verb].version;
    if (version && version != ANOTHER_VERSION && !state_revision(&state, version))
        return "-";
    if (verbs[verb].version)
        (void)snprintf(command_asked.version, sizeof command_asked.version, "v%u", verbs[verb].version);
    command_asked.identity = identity_of(verbs[verb].version);
    command(&spec, &state, &world, 100 * USEC_PER_SEC, &command_asked, &next, &result);
    if (state_invalid(&next))
        fail_msg("%s, %s: %s", verbs[verb].name, situations[situation].name, state_invalid(&next));
    if (result.verdict != VERDICT_ACCEPTED && memcmp(&state, &next, sizeof state) != 0)
        fail_msg("%s, %s: \"%s\", and yet something changed", verbs[verb].name, situations[situation].name,
                 result.message);
    assert_true(*result.message);
    return words[result.verdict];
}

/* ---------------------------------------------------------------- the table */

/* Takes "| text " off a line. */
static void take_cell(const char **line, char *cell, size_t size) {
    const char *begin = *line + strspn(*line, "| "), *end = strchr(begin, '|');
    assert_non_null(end);
    *line = end;
    while (end > begin && end[-1] == ' ')
        end--;
    assert_true((size_t)(end - begin) < size);
    memcpy(cell, begin, (size_t)(end - begin));
    cell[end - begin] = 0;
}

static const char *find_row(const char *text, const char *name) {
    char begin[80];
    (void)snprintf(begin, sizeof begin, "\n| %s |", name);
    const char *row = strstr(text, begin);
    if (!row)
        fail_msg("ARCHITECTURE.md has no row \"%s\"", name);
    return row + 1;
}

/* Compares the table that begins with a situation; returns the situation that the next one begins with. */
static size_t compare_table(const char *text, size_t first) {
    char head[80], cell[128];
    (void)snprintf(head, sizeof head, "\n| | %s |", situations[first].name);
    const char *table = strstr(text, head);
    assert_non_null(table);
    const char *line = table + strlen("\n| ");
    size_t n = 0;
    for (; line[1] != '\n'; n++) {
        take_cell(&line, cell, sizeof cell);
        assert_true(first + n < ELEMENTS(situations));
        assert_string_equal(cell, situations[first + n].name);
    }
    for (size_t v = 0; v < ELEMENTS(verbs); v++) {
        line = find_row(table, verbs[v].name);
        take_cell(&line, cell, sizeof cell);
        for (size_t s = first; s < first + n; s++) {
            take_cell(&line, cell, sizeof cell);
            cell[strcspn(cell, ",")] = 0;
            if (strcmp(cell, ask(v, s)) != 0)
                fail_msg("%s, %s: ARCHITECTURE.md says \"%s\", the core \"%s\"", verbs[v].name, situations[s].name,
                         cell, ask(v, s));
        }
    }
    return first + n;
}

static void the_architecture_says_so(void **unused) {
    const char *srcdir = getenv("srcdir");
    char path[PATH_MAX];
    _cleanup_free_ char *text = NULL;
    (void)snprintf(path, sizeof path, "%s/ARCHITECTURE.md", srcdir ? srcdir : ".");
    assert_int_equal(file_read(path, 1 << 20, &text, NULL, NULL), 0);
    for (size_t s = 0; s < ELEMENTS(situations);)
        s = compare_table(text, s);
    memset(&world, 0, sizeof world);
}

/* Somebody has gone back from v2 to v1 as the revision that it was: v2 is newer than what is live, however long ago. */
static void forward_is_no_way_back(void **ignored) {
    static struct state state, next;
    struct command_result result;
    const struct command asked = {.verb = VERB_DEPLOY, .version = "v2", .identity = identity_of(2)};
    live(&state);
    state.stable = BLUE;
    state.slots[BLUE].revision = 1;
    state.slots[GREEN] = (struct slot){.stop_after = USEC_INFINITY};
    state.rollout = (struct rollout){.revision = 1, .attempt = 2, .color = BLUE, .step = spec.n_steps};
    command(&spec, &state, &world, 100 * USEC_PER_SEC, &asked, &next, &result);
    assert_int_equal(result.verdict, VERDICT_ACCEPTED);
    assert_true(result.new_attempt);
    assert_false(next.rollout.full);
}

/* Back to what was live before goes by the steps, but for RollbackWindow= and blue-green's warm color; what is warm is
 * the revision that it was, whatever it goes by. */
static void undo_and_the_steps(void **ignored) {
    static const struct {
        enum strategy strategy;
        uint32_t window;
        bool warm, steps;
    } cases[] = {
        {STRATEGY_CANARY, 0, false, true},      {STRATEGY_CANARY, 0, true, true},
        {STRATEGY_CANARY, 1, false, false},     {STRATEGY_CANARY, 1, true, false},
        {STRATEGY_BLUE_GREEN, 0, false, true},  {STRATEGY_BLUE_GREEN, 0, true, false},
        {STRATEGY_BLUE_GREEN, 1, false, false},
    };
    static struct spec changed;
    static struct state state, next;
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct command_result result;
        changed = spec;
        changed.strategy = cases[i].strategy;
        changed.rollback_window = cases[i].window;
        live(&state);
        if (cases[i].warm)
            state.slots[BLUE] = (struct slot){.revision = 1, .stop_after = 200 * USEC_PER_SEC};
        command(&changed, &state, &world, 100 * USEC_PER_SEC, &(struct command){.verb = VERB_UNDO}, &next, &result);
        assert_int_equal(result.verdict, VERDICT_ACCEPTED);
        if (next.rollout.full != !cases[i].steps || (next.rollout.revision == 1) != cases[i].warm)
            fail_msg("case %zu: revision %u, %s", i, next.rollout.revision, next.rollout.full ? "at once" : "by steps");
    }
}

/* What was live, was tried again while it was warm and was taken back is still what was live before. */
static void undo_after_another_attempt(void **ignored) {
    static struct state state, next;
    struct command_result result;
    const struct command deploy = {.verb = VERB_DEPLOY, .version = "v1", .identity = identity_of(1)};
    live(&state);
    state.slots[BLUE] = (struct slot){.revision = 1, .stop_after = 200 * USEC_PER_SEC};
    command(&spec, &state, &world, 100 * USEC_PER_SEC, &deploy, &next, &result);
    assert_int_equal(next.rollout.attempt, 2);
    memcpy(&state, &next, sizeof state);
    command(&spec, &state, &world, 100 * USEC_PER_SEC, &(struct command){.verb = VERB_ABORT}, &next, &result);
    assert_int_equal(state_revision(&next, 1)->outcome, OUTCOME_ABORTED);
    memcpy(&state, &next, sizeof state);
    command(&spec, &state, &world, 100 * USEC_PER_SEC, &(struct command){.verb = VERB_UNDO}, &next, &result);
    memcpy(&state, &next, sizeof state); /* out of the aborted rollout */
    command(&spec, &state, &world, 100 * USEC_PER_SEC, &(struct command){.verb = VERB_UNDO}, &next, &result);
    if (result.verdict != VERDICT_ACCEPTED || next.rollout.mode != MODE_RUNNING)
        fail_msg("%s", result.message);
}

/* Who is told of ends is told of this one. */
static void undo_is_an_end(void **ignored) {
    static struct state state, next;
    struct command_result result;
    (void)ignored;
    under_way(&state, 2);
    command(&spec, &state, &world, 100 * USEC_PER_SEC, &(struct command){.verb = VERB_UNDO}, &next, &result);
    assert_int_equal(result.verdict, VERDICT_ACCEPTED);
    assert_int_equal(next.n_outbox, 1);
    assert_int_equal(next.outbox[0].kind, EVENT_ROLLOUT_ABORTED);
    assert_int_equal(next.outbox[0].revision, 3);
    aborted(&state);
    command(&spec, &state, &world, 100 * USEC_PER_SEC, &(struct command){.verb = VERB_UNDO}, &next, &result);
    assert_int_equal(result.verdict, VERDICT_ACCEPTED);
    assert_int_equal(next.n_outbox, 0);
}

/* One verb of somebody who is root by sudo; the state is what came of it. */
static void somebody_asks(struct state *state, enum verb verb, uint32_t version) {
    static struct state next;
    struct command_result result;
    struct command asked = {.verb = verb, .login_uid = 1000, .identity = identity_of(version)};
    (void)snprintf(asked.version, sizeof asked.version, "v%u", version);
    command(&spec, state, &world, 100 * USEC_PER_SEC, &asked, &next, &result);
    assert_int_equal(result.verdict, VERDICT_ACCEPTED);
    memcpy(state, &next, sizeof *state);
}

static void assert_told(const struct state *state, uint32_t revision, enum outcome outcome, const char *reason) {
    const struct history *entry = state_revision(state, revision);
    assert_non_null(entry);
    assert_int_equal(entry->outcome, outcome);
    assert_string_equal(entry->reason, reason);
}

/* Of each end: what it was, and by whom where it was somebody; a retry keeps what was said of the attempt before. */
static void the_history_says_why(void **ignored) {
    static struct state state;
    (void)ignored;
    under_way(&state, 2);
    somebody_asks(&state, VERB_DEPLOY, ANOTHER_VERSION);
    assert_told(&state, 3, OUTCOME_SUPERSEDED, "superseded by revision 4");
    somebody_asks(&state, VERB_UNDO, 0);
    assert_told(&state, 4, OUTCOME_ROLLED_BACK, "back to revision 2 by uid 1000");

    under_way(&state, 2);
    somebody_asks(&state, VERB_ABORT, 0);
    assert_told(&state, 3, OUTCOME_ABORTED, "aborted by hand: by uid 1000");
    somebody_asks(&state, VERB_RETRY, 0);
    assert_told(&state, 3, OUTCOME_RUNNING, "attempt 1 ended: aborted by hand: by uid 1000");
    somebody_asks(&state, VERB_ABORT, 0);
    somebody_asks(&state, VERB_RETRY, 0);
    assert_told(&state, 3, OUTCOME_RUNNING, "attempt 2 ended: aborted by hand: by uid 1000");
}

/* What is older than RevisionHistoryLimit= goes, but for what is live, however old. */
static void the_history_is_limited(void **ignored) {
    static struct state state;
    (void)ignored;
    live(&state);
    for (uint32_t version = 20; version < 30; version++) {
        somebody_asks(&state, VERB_DEPLOY, version);
        somebody_asks(&state, VERB_ABORT, 0);
        assert_true(state.n_history <= spec.revision_history_limit + 1);
        assert_non_null(state_revision(&state, 2));
        assert_string_equal(state.history[0].reason, "aborted by hand: by uid 1000");
    }
    assert_int_equal(state.n_history, spec.revision_history_limit + 1);
    assert_null(state_revision(&state, 1));
}

/* No deploy begins anything, be it of what was aborted; --now does, and the history says so. A way back and a retry are
 * not deploys. */
static void a_closed_window(void **ignored) {
    static const struct {
        void (*make)(struct state *state);
        struct command command;
        uint32_t version;
        bool begins;
    } cases[] = {
        {state_init, {.verb = VERB_DEPLOY}, 1, false},
        {live, {.verb = VERB_DEPLOY}, 9, false},
        {aborted, {.verb = VERB_DEPLOY}, 9, false},
        {aborted, {.verb = VERB_DEPLOY}, 3, false},
        {live, {.verb = VERB_DEPLOY, .now = true}, 9, true},
        {aborted, {.verb = VERB_DEPLOY, .now = true}, 3, true},
        {one_queued, {.verb = VERB_DEPLOY, .now = true}, 3, true},
        {aborted, {.verb = VERB_RETRY}, 0, true},
        {live, {.verb = VERB_UNDO}, 0, true},
    };
    static struct state state, next;
    static struct world closed = {.window_opens = 500 * USEC_PER_SEC};
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct command_result result;
        struct command asked = cases[i].command;
        cases[i].make(&state);
        (void)snprintf(asked.version, sizeof asked.version, "v%u", cases[i].version);
        asked.identity = identity_of(cases[i].version);
        command(&spec, &state, &closed, 100 * USEC_PER_SEC, &asked, &next, &result);
        if (result.verdict != VERDICT_ACCEPTED || (next.rollout.mode == MODE_RUNNING) != cases[i].begins)
            fail_msg("case %zu: %s", i, result.message);
        assert_int_equal(result.waits_until, cases[i].begins ? 0 : closed.window_opens);
        const struct history *entry = state_revision(&next, result.revision);
        assert_non_null(entry);
        assert_int_equal(strstr(entry->reason, "--now") != NULL, asked.now);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_architecture_says_so), cmocka_unit_test(forward_is_no_way_back),
        cmocka_unit_test(a_closed_window),          cmocka_unit_test(undo_after_another_attempt),
        cmocka_unit_test(undo_and_the_steps),       cmocka_unit_test(undo_is_an_end),
        cmocka_unit_test(the_history_says_why),     cmocka_unit_test(the_history_is_limited)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
