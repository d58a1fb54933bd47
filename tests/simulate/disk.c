/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/words.h"
#include "sim.h"
#include "store/run-json.h"
#include "store/state-json.h"

/* How a write goes. */
enum fate {
    WRITTEN,
    REFUSED, /* before the rename: nothing changed */
    DOUBTFUL /* after it: readable, perhaps not durable */
};

static enum fate write_fate(struct sim *sim) {
    bool fails = sim->disk.bad || DRAW_RARE(sim, DISK_ONCE, 30, 1);
    sim->disk.began = sim->clock.now;
    sim->clock.now += 500; /* fsync, twice */
    uint32_t slow = DRAW_RARE(sim, DISK_SLOW, 50, 10);
    if (slow)
        disturbed(sim);
    sim->clock.now += MSEC(30 * slow);
    if (!fails)
        return WRITTEN;
    disturbed(sim);
    return DRAW(sim, DISK_HOW, 2) ? DOUBTFUL : REFUSED;
}

static int failed(struct error *err) {
    return error_set(err, -ENOSPC, "no space left on device");
}

/* ---------------------------------------------------------------- the state */

static uint32_t highest_revision(const struct sim *sim) {
    uint32_t highest = REVISION_UNMANAGED - 1;
    while (highest > 0 && !sim->disk.revisions[highest].cached)
        highest--;
    return highest;
}

/* A newer version of the program was here; it comes back soon, and finds what it wrote. */
static void on_newer_back(struct sim *sim, const struct happening *what) {
    sim->disk.newer = false;
    host_kill(sim);
}

enum loss { LOSS_NONE, LOSS_GONE, LOSS_CORRUPT, LOSS_NEWER };

static void lose_state(struct sim *sim) {
    struct disk *disk = &sim->disk;
    if (!disk->has_state || disk->newer || disk->corrupt)
        return;
    switch ((enum loss)DRAW_RARE(sim, STATE_LOST, 200, LOSS_NEWER)) {
    case LOSS_NONE:
        break;
    case LOSS_GONE:
        disk->has_state = disk->had_state = false;
        break;
    case LOSS_CORRUPT:
        disk->corrupt = true;
        break;
    case LOSS_NEWER:
        disk->newer = true;
        clock_after(sim, MSEC(500 + 500 * DRAW(sim, NEWER_TIME, 6)), on_newer_back, 0, 0, 0);
        break;
    }
}

static int load_state(void *userdata, struct state *ret, struct error *err) {
    struct sim *sim = userdata;
    struct disk *disk = &sim->disk;
    lose_state(sim);
    if (!disk->has_state || disk->corrupt || disk->newer) {
        trace(sim, "disk: the state is %s", disk->newer ? "a newer version's" : disk->corrupt ? "corrupt" : "gone");
        oracle_lost(sim, disk->newer || disk->corrupt || highest_revision(sim) > 0);
    }
    if (disk->newer)
        return error_set(err, -EPROTONOSUPPORT, "a newer version's");
    if (disk->corrupt)
        return error_set(err, -EBADMSG, "no JSON");
    if (!disk->has_state)
        return error_set(err, -ENOENT, "no state");
    oracle_loaded(sim, &sim->disk.cached);
    files_attempt(sim, disk->cached.rollout.mode == MODE_HELD ? disk_nearest(sim) : disk->cached.rollout.revision);
    memcpy(ret, &sim->disk.cached, sizeof *ret);
    return 0;
}

static void trace_state(struct sim *sim, const struct state *state, const char *how) {
    trace(sim, "disk: state %u%s: %s revision %u attempt %u step %u%s%s, stable %s, blue %u, green %u",
          state->generation, how, mode_to_string(state->rollout.mode), state->rollout.revision, state->rollout.attempt,
          state->rollout.step, state->rollout.full ? " full" : "",
          state->rollout.paused_by_user        ? " paused"
          : state->rollout.paused_inconclusive ? " inconclusive"
                                               : "",
          color_to_string(state->stable), state->slots[BLUE].revision, state->slots[GREEN].revision);
}

static size_t first_difference(const struct state *a, const struct state *b) {
    const char *left = (const char *)a, *right = (const char *)b;
    size_t at = 0;
    while (at < sizeof *a && left[at] == right[at])
        at++;
    return at;
}

/* What is read back is what was written. */
static void through_json(struct sim *sim, const struct state *state) {
    static struct state back;
    struct error err = {0};
    char *text = NULL;
    size_t length = 0;
    if (state_to_json(state, &text, &length, &err) < 0 || state_from_json(text, length, &back, &err) < 0)
        oracle_fail(sim, "I16", "a state is not read back from its text: %s", err.text);
    else if (memcmp(&back, state, sizeof back) != 0)
        oracle_fail(sim, "I16", "a state is read back as another one, from byte %zu on",
                    first_difference(&back, state));
    free(text);
}

static void run_through_json(struct sim *sim, const struct run *run) {
    struct error err = {0};
    struct run *back = NULL;
    char *text = NULL;
    size_t length = 0;
    if (run_to_json(run, NULL, &text, &length, &err) < 0 || run_from_json(text, length, &back, NULL, &err) < 0)
        oracle_fail(sim, "I16", "run %u is not read back from its text: %s", run->id, err.text);
    else if (back->n_metrics != run->n_metrics || memcmp(back, run, run_size(run->n_metrics)) != 0)
        oracle_fail(sim, "I16", "run %u is read back as another one", run->id);
    free(text);
    free(back);
}

static int commit_state(void *userdata, const struct state *state, struct error *err) {
    struct sim *sim = userdata;
    struct disk *disk = &sim->disk;
    if (!host_may_act(sim))
        return failed(err);
    disk->commits++;
    if (disk->json)
        through_json(sim, state);
    enum fate fate = write_fate(sim);
    if (sim->trace.wanted)
        trace_state(sim, state, fate == WRITTEN ? "" : fate == REFUSED ? " (refused)" : " (doubtful)");
    trace_number(&sim->trace, state->generation);
    oracle_commit(sim, state, fate == WRITTEN);
    disk->doubtful = fate != WRITTEN;
    disk->held_up = disk->held_up && disk->doubtful;
    if (fate != REFUSED) {
        if (disk->newer)
            oracle_fail(sim, "held", "a newer version's state is replaced");
        memcpy(&disk->cached, state, sizeof disk->cached);
        disk->has_state = true;
        disk->corrupt = false;
    }
    if (fate == WRITTEN) {
        memcpy(&disk->durable, state, sizeof disk->durable);
        disk->had_state = true;
    }
    return host_may_act(sim) && fate == WRITTEN ? 0 : failed(err);
}

/* ---------------------------------------------------------------- runs */

static struct run *copy_run(const struct run *run) {
    size_t size = run_size(run->n_metrics);
    struct run *copy = malloc(size);
    if (!copy)
        abort();
    memcpy(copy, run, size);
    return copy;
}

static void drop(struct sim_document *document) {
    if (document->durable != document->cached)
        free(document->durable);
    free(document->cached);
    document->cached = document->durable = NULL;
}

static int load_run(void *userdata, uint32_t id, struct run **ret, struct expanded_analysis **ret_asked,
                    struct error *err) {
    const struct sim *sim = userdata;
    const struct sim_document *document = &sim->disk.runs[id % RUNS_MAX];
    struct run *first = NULL;
    if (!document->cached || document->cached->id != id)
        return error_set(err, -ENOENT, "no run %u", id);
    if (ret_asked && run_from_json(document->asked, strlen(document->asked), &first, ret_asked, err) < 0)
        abort();
    free(first);
    *ret = copy_run(document->cached);
    return 0;
}

static void keep_asked(struct sim_document *document, const struct run *run, const struct expanded_analysis *asked) {
    if (document->asked_by == run->id)
        return;
    free(document->asked);
    document->asked = NULL;
    document->asked_by = run->id;
    if (run_to_json(run, asked, &document->asked, NULL, NULL) < 0)
        abort();
}

static int commit_run(void *userdata, const struct run *run, const struct expanded_analysis *asked, struct error *err) {
    struct sim *sim = userdata;
    if (!host_may_act(sim))
        return failed(err);
    struct sim_document *document = &sim->disk.runs[run->id % RUNS_MAX];
    enum fate fate = write_fate(sim);
    if (sim->disk.json)
        run_through_json(sim, run);
    keep_asked(document, run, asked);
    trace(sim, "disk: run %u: %s%s", run->id, run_phase_to_string(run->phase), fate == WRITTEN ? "" : " (failed)");
    oracle_run(sim, document->cached, run);
    sim->disk.held_up = sim->disk.held_up || fate != WRITTEN;
    if (fate == WRITTEN) {
        drop(document);
        document->cached = document->durable = copy_run(run);
    } else if (fate == DOUBTFUL) {
        if (document->cached != document->durable)
            free(document->cached);
        document->cached = copy_run(run);
    }
    return host_may_act(sim) && fate == WRITTEN ? 0 : failed(err);
}

/* ---------------------------------------------------------------- revisions and instances */

static int load_revision(void *userdata, uint32_t number, struct revision **ret, struct error *err) {
    const struct sim *sim = userdata;
    if (number >= REVISION_UNMANAGED || !sim->disk.revisions[number].cached)
        return error_set(err, -ENOENT, "no revision %u", number);
    struct revision *revision = calloc(1, sizeof *revision);
    if (!revision)
        abort();
    revision->number = number;
    (void)snprintf(revision->version, sizeof revision->version, "v%u", sim->disk.revisions[number].version + 1);
    revision->spec_text = strdup(sim->scenario.files[sim->disk.revisions[number].files]->text);
    *ret = revision;
    return 0;
}

static int commit_revision(void *userdata, const struct revision *revision, struct error *err) {
    struct sim *sim = userdata;
    if (!host_may_act(sim))
        return failed(err);
    if (revision->number >= REVISION_UNMANAGED)
        abort();
    enum fate fate = write_fate(sim);
    struct sim_revision *kept = &sim->disk.revisions[revision->number];
    uint32_t files = files_pinned(sim, revision->spec_text);
    kept->version = version_index(revision->version);
    if (fate != REFUSED)
        kept->files = files;
    kept->cached = kept->cached || fate != REFUSED;
    kept->durable = kept->durable || fate == WRITTEN;
    return host_may_act(sim) && fate == WRITTEN ? 0 : failed(err);
}

uint32_t disk_version(const struct sim *sim, uint32_t revision) {
    if (revision == REVISION_UNMANAGED)
        return VERSIONS;
    return revision < REVISIONS_MAX ? sim->disk.revisions[revision].version : 0;
}

static int place(void *userdata, enum color color, uint32_t number, const struct revision *revision,
                 const char *release, const struct endpoint *endpoint, struct error *err) {
    struct sim *sim = userdata;
    if (!host_may_act(sim))
        return failed(err);
    oracle_place(sim, color, number, revision->number);
    enum fate fate = write_fate(sim);
    if (fate != REFUSED)
        sim->disk.links[color][number] = revision->number;
    if (fate == WRITTEN)
        sim->disk.links_durable[color][number] = revision->number;
    if (fate != WRITTEN)
        trace(sim, "disk: the link of %s to revision %u%s", INSTANCE_NAME(color, number), revision->number,
              fate == REFUSED ? " (refused)" : " (doubtful)");
    return host_may_act(sim) && fate == WRITTEN ? 0 : failed(err);
}

static uint32_t newest(void *userdata, bool placed, uint32_t below) {
    const struct sim *sim = userdata;
    uint32_t newest = 0;
    for (uint32_t i = 0; !placed && i < REVISION_UNMANAGED && i < below; i++)
        newest = sim->disk.revisions[i].cached ? i : newest;
    for (uint32_t i = 0; placed && i < COLORS * SIM_INSTANCES; i++) {
        uint32_t revision = sim->disk.links[i % COLORS][i / COLORS];
        newest = revision > newest && revision < below && revision < REVISION_UNMANAGED ? revision : newest;
    }
    return newest;
}

uint32_t disk_nearest(struct sim *sim) {
    uint32_t revision = newest(sim, true, UINT32_MAX);
    return revision ? revision : newest(sim, false, UINT32_MAX);
}

static int highest(void *userdata, uint32_t *ret_revision, uint32_t *ret_run, struct error *err) {
    const struct sim *sim = userdata;
    *ret_revision = highest_revision(sim);
    *ret_run = 0;
    for (size_t i = 0; i < RUNS_MAX; i++)
        if (sim->disk.runs[i].cached && sim->disk.runs[i].cached->id > *ret_run)
            *ret_run = sim->disk.runs[i].cached->id;
    return 0;
}

static int prune(void *userdata, const struct state *state, struct error *err) {
    return 0;
}

/* ---------------------------------------------------------------- the whole */

void disk_begin(struct sim *sim) {
    sim->disk.json = DRAW_RARE(sim, JSON, 16, 1) != 0;
    sim->disk.port = (struct store){.self = sim,
                                    .load_state = load_state,
                                    .commit_state = commit_state,
                                    .load_run = load_run,
                                    .commit_run = commit_run,
                                    .load_revision = load_revision,
                                    .commit_revision = commit_revision,
                                    .place = place,
                                    .newest = newest,
                                    .highest = highest,
                                    .prune = prune};
}

void disk_end(struct sim *sim) {
    for (size_t i = 0; i < RUNS_MAX; i++) {
        drop(&sim->disk.runs[i]);
        free(sim->disk.runs[i].asked);
    }
}

static void reboot_run(struct sim_document *document, bool loses) {
    if (document->cached == document->durable)
        return;
    struct run *kept = loses ? document->durable : document->cached;
    free(loses ? document->cached : document->durable);
    document->cached = document->durable = kept;
}

/* Each link is a name of its own, and comes back or not by itself. */
static void reboot_link(struct sim *sim, enum color color, uint32_t number) {
    uint32_t *cached = &sim->disk.links[color][number], *durable = &sim->disk.links_durable[color][number];
    if (*cached == *durable)
        return;
    if (DRAW(sim, LINK_LOST, 2)) {
        trace(sim, "disk: the link of %s is that to revision %u again", INSTANCE_NAME(color, number), *durable);
        *cached = *durable;
    } else
        *durable = *cached;
}

void disk_reboot(struct sim *sim) {
    struct disk *disk = &sim->disk;
    bool loses = DRAW(sim, DISK_LOSES, 2) != 0;
    if (loses) {
        memcpy(&disk->cached, &disk->durable, sizeof disk->cached);
        disk->has_state = disk->had_state;
    } else {
        memcpy(&disk->durable, &disk->cached, sizeof disk->durable);
        disk->had_state = disk->has_state;
    }
    for (size_t i = 0; i < RUNS_MAX; i++)
        reboot_run(&disk->runs[i], loses);
    for (size_t i = 0; i < REVISIONS_MAX; i++)
        if (loses)
            disk->revisions[i].cached = disk->revisions[i].durable;
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < SIM_INSTANCES; number++)
            reboot_link(sim, color, number);
}
