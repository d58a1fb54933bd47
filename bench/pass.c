/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a pass costs: decide() in the middle of a canary, and the commit of its state, against one write and fsync of
 * the same bytes in the same folder. The world here is a perfect one: whatever is ordered has happened. Usage: pass
 * FOLDER      on the disk that counts; not on a tmpfs, where an fsync is nothing */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/command.h"
#include "core/decide.h"
#include "store/file-store.h"

enum { DECIDES = 20000, COMMITS = 300, SETTLE_PASSES = 60 };

static const char configuration[] =
    "[Rollout]\nReplicas=2\n[Canary]\nStep=setWeight 20\nStep=pause\nStep=setWeight 60\n";

static struct state state, next;
static struct world world;
static struct plan plan;
static usec_t now = 1000 * USEC_PER_SEC;

static double clock_usec(void) {
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n) {
    qsort(values, n, sizeof(*values), by_value);
    return values[n / 2];
}

/* ---------------------------------------------------------------- the perfect world */

static void begin_world(void) {
    world.n_balancers = world.n_backends = 1;
    world.balancers[0].link = LINK_UP;
    for (enum color color = BLUE; color < COLORS; color++)
        for (uint32_t number = 0; number < 2; number++) {
            world.units[color][number].known = true;
            world.balancers[0].servers[0][color][number] =
                (struct server_seen){.known = true, .checked = true, .maint = true, .weight = 100};
            world.endpoints[color][number] =
                (struct endpoint){.host = "127.0.0.1", .port = (uint16_t)(9001 + color * 10 + number)};
        }
}

static void obey_server(const struct server_order *order) {
    struct server_seen *server = &world.balancers[0].servers[order->backend][order->color][order->number];
    switch (order->kind) {
    case SERVER_WEIGHT:
        server->weight = order->weight;
        break;
    case SERVER_ENABLE:
        *server = (struct server_seen){.known = true, .checked = true, .up = true, .up_since = now};
        break;
    case SERVER_MAINT:
        server->maint = true;
        server->up = false;
        break;
    case SERVER_SHUTDOWN:
        break;
    }
}

static void obey_unit(const struct unit_order *order) {
    static uint8_t lives;
    struct unit_seen *unit = &world.units[order->color][order->number];
    *unit = (struct unit_seen){.known = true};
    if (order->kind == UNIT_STOP)
        return;
    unit->state = UNIT_ACTIVE;
    unit->invocation.bytes[0] = ++lives;
    unit->env_revision = order->revision;
    unit->active_since = now;
}

static void settle(const struct spec *spec) {
    for (int i = 0; i < SETTLE_PASSES; i++) {
        now += USEC_PER_SEC;
        world.balancers[0].seen_at = world.balancers[0].asked_at = now;
        decide(spec, &state, &world, now, &next, &plan);
        state = next;
        for (uint32_t n = 0; n < plan.balancers[0].n; n++)
            obey_server(&plan.balancers[0].orders[n]);
        for (uint32_t n = 0; n < plan.n_units; n++)
            obey_unit(&plan.units[n]);
    }
}

static void deploy(const struct spec *spec, const char *version) {
    struct command asked = {.verb = VERB_DEPLOY};
    struct command_result result;
    (void)snprintf(asked.version, sizeof(asked.version), "%s", version);
    memcpy(asked.identity.bytes, version, strlen(version));
    command(spec, &state, &world, now, &asked, &next, &result);
    if (result.verdict != VERDICT_ACCEPTED) {
        fprintf(stderr, "pass: deploy %s: %s\n", version, result.message);
        exit(EXIT_FAILURE);
    }
    state = next;
    settle(spec);
}

/* ---------------------------------------------------------------- what is measured */

static double time_decide(const struct spec *spec) {
    static double each[DECIDES];
    for (size_t i = 0; i < DECIDES; i++) {
        double begun = clock_usec();
        decide(spec, &state, &world, now, &next, &plan);
        each[i] = clock_usec() - begun;
    }
    return median(each, DECIDES);
}

static double time_commit(const struct store *store) {
    double begun = clock_usec();
    struct error err = {0};
    state.generation++;
    if (store->commit_state(store->self, &state, &err) < 0) {
        fprintf(stderr, "pass: %s\n", err.text);
        exit(EXIT_FAILURE);
    }
    return clock_usec() - begun;
}

static double time_fsync(int fd, const char *bytes, size_t len) {
    double begun = clock_usec();
    if (pwrite(fd, bytes, len, 0) != (ssize_t)len || fsync(fd) < 0) {
        perror("pass: fsync");
        exit(EXIT_FAILURE);
    }
    return clock_usec() - begun;
}

/* One after the other by turns, so that both meet the same noise. */
static void time_disk(const struct store *store, const char *folder, double *ret_commit, double *ret_fsync,
                      size_t *ret_len) {
    static double commits[COMMITS], fsyncs[COMMITS];
    static char bytes[1 << 20];
    char path[4096];
    (void)time_commit(store);
    (void)snprintf(path, sizeof(path), "%s/state.json", folder);
    int in = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = in < 0 ? -1 : read(in, bytes, sizeof(bytes));
    (void)snprintf(path, sizeof(path), "%s/plain", folder);
    int out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (len <= 0 || out < 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < COMMITS; i++) {
        commits[i] = time_commit(store);
        fsyncs[i] = time_fsync(out, bytes, (size_t)len);
    }
    (void)close(in);
    (void)close(out);
    *ret_commit = median(commits, COMMITS);
    *ret_fsync = median(fsyncs, COMMITS);
    *ret_len = (size_t)len;
}

int main(int argc, char **argv) {
    struct spec *spec = NULL;
    struct store store = {0};
    struct error err = {0};
    double commit, plain;
    size_t len;
    if (argc != 2)
        return fprintf(stderr, "usage: pass FOLDER\n"), EXIT_FAILURE;
    if (spec_parse("shop", configuration, "shop.conf", &spec, &err) < 0 ||
        file_store_new(argv[1], "shop", &store, &err) < 0)
        return fprintf(stderr, "pass: %s\n", err.text), EXIT_FAILURE;
    state_init(&state);
    begin_world();
    settle(spec);
    deploy(spec, "v1");
    deploy(spec, "v2");
    if (state.stable != BLUE || state.rollout.step != 1)
        return fprintf(stderr, "pass: the canary did not come to its pause\n"), EXIT_FAILURE;

    double pass = time_decide(spec);
    time_disk(&store, argv[1], &commit, &plain, &len);
    printf("decide()                    %8.1f us\n", pass);
    printf("write + fsync, %6zu bytes  %8.1f us   decide() is %.3f of it\n", len, plain, pass / plain);
    printf(
        "commit, the same bytes      %8.1f us   %.2f of it (two fsyncs: the file, and the folder after its rename)\n",
        commit, commit / plain);
    file_store_done(&store);
    spec_free(spec);
    return EXIT_SUCCESS;
}
