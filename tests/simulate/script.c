/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run-one.h"
#include "sim.h"

/* ---------------------------------------------------------------- text */

/* The next word as a number. */
static int parse_number(char **rest, unsigned *ret) {
    char *word = strtok_r(NULL, " \t", rest), *end = word;
    errno = 0;
    unsigned long number = word ? strtoul(word, &end, 10) : 0;
    if (!word || *end || errno || number > UINT32_MAX)
        return -EINVAL;
    *ret = (unsigned)number;
    return 0;
}

static int parse_line(char *line, struct script *script) {
    char *rest;
    struct drawn drawn = {0};
    unsigned nth, value;
    line[strcspn(line, "#\n")] = 0;
    const char *site = strtok_r(line, " \t", &rest);
    if (!site)
        return 0;
    if (site_from_name(site, &drawn.site) < 0 || parse_number(&rest, &nth) < 0 || parse_number(&rest, &value) < 0)
        return -EINVAL;
    drawn.nth = nth;
    drawn.value = value;
    script_add(script, drawn);
    return 0;
}

int script_read(const char *path, struct script *script) {
    char line[256];
    unsigned number = 0;
    FILE *file = fopen(path, "re");
    if (!file) {
        perror(path);
        return -errno;
    }
    while (fgets(line, sizeof line, file)) {
        number++;
        if (parse_line(line, script) < 0) {
            (void)fprintf(stderr, "%s:%u: expected SITE NTH VALUE, a site of sites.h\n", path, number);
            (void)fclose(file);
            return -EINVAL;
        }
    }
    (void)fclose(file);
    script_sort(script);
    return 0;
}

void script_print(const struct script *script, const struct sim *sim) {
    (void)printf("# %s\n# at %.4f s\n", sim->oracle.message, (double)sim->oracle.failed_at / 1e6);
    for (size_t i = 0; i < script->n; i++) {
        const struct drawn *drawn = &script->draws[i];
        (void)printf("%-28s %4u %4u   # at %.3f s\n", site_name(drawn->site), drawn->nth, drawn->value,
                     (double)drawn->when / 1e6);
    }
}

/* ---------------------------------------------------------------- shrinking */

/* The invariant's name, up to the colon. */
static bool same_failure(const struct sim *sim, const char *message) {
    size_t length = strcspn(message, ":");
    return sim->failed && strncmp(sim->oracle.message, message, length + 1) == 0;
}

/* The script without draws FROM .. FROM+N-1, if it still fails. */
static bool try_without(struct script *script, size_t from, size_t n, const char *message) {
    struct script less = {0};
    for (size_t i = 0; i < script->n; i++)
        if (i < from || i >= from + n)
            script_add(&less, script->draws[i]);
    bool fails = same_failure(run_one(0, &less, NULL, false), message);
    if (fails) {
        struct script old = *script;
        *script = less;
        less = old;
    }
    free(less.draws);
    return fails;
}

static void try_smaller(struct script *script, size_t at, const char *message) {
    uint32_t value = script->draws[at].value;
    for (uint32_t smaller = 1; smaller < value; smaller = smaller * 2) {
        script->draws[at].value = smaller;
        if (same_failure(run_one(0, script, NULL, false), message))
            return;
    }
    script->draws[at].value = value;
}

void script_shrink(uint64_t seed, struct script *script) {
    char message[sizeof((struct sim *)0)->oracle.message];
    const struct sim *sim = run_one(seed, NULL, script, false);
    memcpy(message, sim->oracle.message, sizeof message);
    for (int round = 0; round < 3; round++)
        for (size_t n = script->n ? script->n : 1; n > 0; n /= 2)
            for (size_t from = 0; from < script->n;)
                if (!try_without(script, from, n, message))
                    from += n;
    for (size_t i = 0; i < script->n; i++)
        try_smaller(script, i, message);
    (void)run_one(0, script, NULL, false);
}
