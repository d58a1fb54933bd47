/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* simulate --runs N --seed S --jobs N: seeds S .. S+N-1. --script FILE replays a script, --shrink makes one of a
 * failure. --only I3,I15 passes over what breaks another invariant. --config FILE takes a shipped configuration through
 * whole rollouts. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "run-one.h"
#include "script.h"
#include "sim.h"

#define TWICE_EVERY 1000 /* such a seed runs twice, and must give the same trace */
#define KILLS_EVERY 50   /* such a seed also runs with kills of the agent only, and must end as without (I8) */
#define HEAP (32 << 20)  /* bytes that are kept for the next seed: to give them back each time takes a third of it */

static struct {
    uint64_t seed, runs, jobs;
    bool shrink, verbose;
    uint64_t lines;
    const char *only, *script, *config;
} options = {.seed = 1, .runs = 1000, .jobs = 1, .lines = 60};

/* Runs it again with a trace and says what happened. */
static void report(uint64_t seed, const struct script *script) {
    struct script record = {0};
    const struct sim *sim = run_one(seed, script, &record, true);
    if (!sim->failed) {
        (void)printf("# seed %llu fails only sometimes: the simulation is not deterministic\n",
                     (unsigned long long)seed);
        return;
    }
    (void)printf("# seed %llu at %.4f s\n# %s\n", (unsigned long long)seed, (double)sim->oracle.failed_at / 1e6,
                 sim->oracle.message);
    if (!options.shrink)
        trace_print(sim, options.lines);
    else {
        script_shrink(seed, &record);
        sim = run_one(0, &record, NULL, true);
        script_print(&record, sim);
        trace_print(sim, options.lines);
    }
    free(record.draws);
    (void)fflush(stdout);
}

static bool ends_alike(uint64_t seed) {
    struct ending with = run_ending(seed, WEATHER_KILLS), without = run_ending(seed, WEATHER_CALM);
    if (memcmp(&with, &without, sizeof with) == 0)
        return true;
    (void)printf("# I8: seed %llu ends in mode %d, stable v%d with kills of the agent, in mode %d, stable v%d without, "
                 "or with other "
                 "weights\n",
                 (unsigned long long)seed, with.mode, with.stable_version, without.mode, without.stable_version);
    return false;
}

/* Whether somebody wants to know of what a message begins with, by --only. */
static bool is_wanted(const char *message) {
    size_t len = strcspn(message, ":");
    for (const char *name = options.only; name; name = strchr(name, ',') ? strchr(name, ',') + 1 : NULL)
        if (strcspn(name, ",") == len && strncmp(name, message, len) == 0)
            return true;
    return !options.only;
}

static bool run_seed(uint64_t seed) {
    if (seed % KILLS_EVERY == 0 && is_wanted("I8") && !ends_alike(seed))
        return false;
    const struct sim *sim = run_one(seed, NULL, NULL, false);
    bool failed = sim->failed && is_wanted(sim->oracle.message);
    uint64_t hash = sim->trace.hash;
    if (!sim->failed && seed % TWICE_EVERY == 0 && run_one(seed, NULL, NULL, false)->trace.hash != hash) {
        (void)printf("# seed %llu gives two different traces\n", (unsigned long long)seed);
        return false;
    }
    if (failed)
        report(seed, NULL);
    return !failed;
}

/* Every jobs-th seed, until the first failure. */
static int work(uint64_t first) {
    for (uint64_t i = first; i < options.runs; i += options.jobs)
        if (!run_seed(options.seed + i))
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

/* The first failure ends all workers, with the process that they are of. */
static int work_in_parallel(void) {
    for (uint64_t job = 0; job < options.jobs; job++) {
        pid_t child = fork();
        if (child < 0)
            return EXIT_FAILURE;
        if (child == 0)
            exit(prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? EXIT_FAILURE : work(job));
    }
    for (uint64_t job = 0; job < options.jobs; job++) {
        int ended = 0;
        if (wait(&ended) < 0 || !WIFEXITED(ended) || WEXITSTATUS(ended) != EXIT_SUCCESS)
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static int replay(const char *path) {
    struct script script = {0};
    if (script_read(path, &script) < 0)
        return EXIT_FAILURE;
    const struct sim *sim = run_one(0, &script, NULL, true);
    bool failed = sim->failed;
    if (failed || options.verbose)
        trace_print(sim, options.lines);
    if (failed)
        (void)printf("# %s at %.4f s: %s\n", path, (double)sim->oracle.failed_at / 1e6, sim->oracle.message);
    free(script.draws);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int usage(void) {
    (void)fprintf(
        stderr,
        "usage: simulate [--runs N] [--seed S] [--jobs N] [--shrink] [--lines N] [--only NAME,...] [--script FILE] "
        "[--config FILE] [--verbose]\n");
    return 2;
}

static int parse(int argc, char **argv) {
    static const struct option longs[] = {{"runs", 1, NULL, 'n'},    {"seed", 1, NULL, 's'},   {"jobs", 1, NULL, 'j'},
                                          {"shrink", 0, NULL, 'k'},  {"lines", 1, NULL, 'l'},  {"script", 1, NULL, 'f'},
                                          {"verbose", 0, NULL, 'v'}, {"config", 1, NULL, 'c'}, {"only", 1, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;)
        switch (c) {
        case 'n':
            options.runs = strtoull(optarg, NULL, 10);
            break;
        case 's':
            options.seed = strtoull(optarg, NULL, 10);
            break;
        case 'j':
            options.jobs = strtoull(optarg, NULL, 10);
            break;
        case 'l':
            options.lines = strtoull(optarg, NULL, 10);
            break;
        case 'k':
            options.shrink = true;
            break;
        case 'v':
            options.verbose = true;
            break;
        case 'c':
            options.config = optarg;
            break;
        case 'f':
            options.script = optarg;
            break;
        case 'o':
            options.only = optarg;
            break;
        default:
            return -EINVAL;
        }
    return optind == argc ? 0 : -EINVAL;
}

int main(int argc, char **argv) {
    if (parse(argc, argv) < 0)
        return usage();
    if (setenv("TZ", "UTC", 1) < 0) /* of windows that name none */
        return EXIT_FAILURE;
    (void)mallopt(M_TRIM_THRESHOLD, HEAP);
    (void)mallopt(M_MMAP_THRESHOLD, HEAP);
    log_setup(LOG_EMERG);
    if (options.config)
        return example_run(options.config) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (options.script)
        return replay(options.script);
    int status = options.jobs > 1 ? work_in_parallel() : work(0);
    (void)printf("# %llu runs from seed %llu: %s\n", (unsigned long long)options.runs, (unsigned long long)options.seed,
                 status == EXIT_SUCCESS ? "nothing found" : "broken");
    return status;
}
