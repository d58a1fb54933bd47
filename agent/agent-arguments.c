/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a template may use without being told: the app, and both sides of what is judged. A name here is a line in
 * spec/placeholder.c and in rollout.conf(5), too. */
#include <stdio.h>
#include <string.h>

#include "agent-inside.h"
#include "core/words.h"

/* One side, as placeholders have it; lists are joined by |, as a label matcher wants them. */
struct side {
    const char *color, *version;
    char instances[REPLICAS_MAX * INSTANCE_NAME_MAX];
    char ports[REPLICAS_MAX * sizeof "65535"];
    char servers[REPLICAS_MAX * SERVER_NAME_MAX];
};

static void join(char *list, size_t size, const char *word) {
    size_t len = strlen(list);
    (void)snprintf(list + len, size - len, "%s%s", len ? "|" : "", word);
}

static void add_instance(const struct agent *agent, const struct spec *spec, enum color color, uint32_t number,
                         struct side *side) {
    char server[SERVER_NAME_MAX], port[sizeof "65535"];
    const struct endpoint *endpoint = &agent->world.endpoints[color][number];
    join(side->instances, sizeof side->instances, INSTANCE_NAME(color, number));
    if (spec_server_name(spec, color_to_string(color), number + 1, server, sizeof server) >= 0)
        join(side->servers, sizeof side->servers, server);
    if (endpoint->port) {
        (void)snprintf(port, sizeof port, "%u", endpoint->port);
        join(side->ports, sizeof side->ports, port);
    }
}

static void describe(const struct agent *agent, const struct spec *spec, const struct state *state, enum color color,
                     struct side *ret) {
    const struct history *revision = state_revision(state, state->slots[color].revision);
    memset(ret, 0, sizeof *ret);
    ret->color = color_to_string(color);
    ret->version = revision ? revision->version : "";
    for (uint32_t number = 0; number < spec->replicas; number++)
        add_instance(agent, spec, color, number, ret);
}

/* Not known is no value. */
static struct argument builtin(const char *name, const char *value) {
    return (struct argument){.name = (char *)(uintptr_t)name, .value = *value ? (char *)(uintptr_t)value : NULL};
}

int arguments_expand(const struct agent *agent, const struct spec *spec, const struct state *state,
                     const enum color sides[2], const struct analysis_use *use, struct expanded_analysis **ret,
                     struct error *err) {
    struct side canary, stable;
    describe(agent, spec, state, sides[0], &canary);
    describe(agent, spec, state, sides[1], &stable);
    const struct argument builtins[] = {
        builtin("args.app", spec->app),
        builtin("args.backend", spec->haproxy.backends[0]),
        builtin("canary.color", canary.color),
        builtin("canary.instances", canary.instances),
        builtin("canary.ports", canary.ports),
        builtin("canary.servers", canary.servers),
        builtin("canary.version", canary.version),
        builtin("stable.color", stable.color),
        builtin("stable.instances", stable.instances),
        builtin("stable.ports", stable.ports),
        builtin("stable.servers", stable.servers),
        builtin("stable.version", stable.version),
    };
    return spec_expand(spec, use, builtins, sizeof builtins / sizeof builtins[0], ret, err);
}
