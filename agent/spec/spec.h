/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the operator wants: one app's configuration, parsed and checked. Read-only once loaded; the core sees it through
 * a const pointer. Names of fields are those of the keys in rollout.conf(5). */
#ifndef ROLLOUT_SPEC_SPEC_H
#define ROLLOUT_SPEC_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/metric.h"
#include "common/error.h"
#include "common/string-table.h"
#include "common/time.h"

#define APP_NAME_MAX 64 /* with the final 0, as all *_MAX sizes of text here */
#define VERSION_TEXT_MAX 129
#define ENV_PAIRS_MAX 64 /* that a revision may be given */
#define UNIT_NAME_MAX 256
#define REPLICAS_MAX 32
#define BALANCERS_MAX 4
#define BACKENDS_MAX 4
#define STEPS_MAX 64
#define STEP_TEXT_MAX 160
#define STEP_ANALYSES_MAX 8
#define ANALYSIS_ARGS_MAX 512
#define SERVER_NAME_MAX 64
#define BACKEND_NAME_MAX 64
#define SOCKET_NAME_MAX 108
#define HOOKS_MAX 8
#define SPEC_DIGEST_MAX 65
#define HISTORY_LIMIT_MAX 30 /* bound of RevisionHistoryLimit= */

/* A share of all requests, in 1/10000. */
typedef int32_t share_t;
#define SHARE_FULL ((share_t)10000)

enum strategy { STRATEGY_CANARY, STRATEGY_BLUE_GREEN };
enum on_supersede { SUPERSEDE_REPLACE, SUPERSEDE_QUEUE, SUPERSEDE_REJECT };
DECLARE_STRING_TABLE(strategy, enum strategy);
DECLARE_STRING_TABLE(on_supersede, enum on_supersede);

enum step_kind {
    STEP_SET_WEIGHT,
    STEP_PAUSE,
    STEP_ANALYSIS,
    STEP_SET_CANARY_SCALE,
    STEP_SET_HEADER_ROUTE,
    STEP_SET_COOKIE_ROUTE,
};

enum scale_kind { SCALE_MATCH_TRAFFIC_WEIGHT, SCALE_REPLICAS, SCALE_WEIGHT };
enum route_match { ROUTE_EXACT, ROUTE_PREFIX, ROUTE_REGEX };

/* The templates (or inline metrics) that one analysis asks, and what it asks them with. */
struct analysis_use {
    uint32_t n_names;
    char names[STEP_ANALYSES_MAX][METRIC_NAME_MAX];
    char args[ANALYSIS_ARGS_MAX]; /* "window=5m" and so on, each ends with a 0, the last one with two */
};

struct step {
    enum step_kind kind;
    char text[STEP_TEXT_MAX]; /* as written: "setWeight 20" */
    union {
        share_t weight;               /* STEP_SET_WEIGHT */
        usec_t duration;              /* STEP_PAUSE; USEC_INFINITY waits for promote */
        struct analysis_use analysis; /* STEP_ANALYSIS */
        struct {
            enum scale_kind kind;
            int32_t value;
        } scale; /* replicas, or share_t for SCALE_WEIGHT */
        struct {
            enum route_match match;
            char name[32], field[64], value[STEP_TEXT_MAX]; /* route, header or cookie, what it must match; empty match
                                                               removes the route, as in Argo */
        } route;
    };
};

static inline bool step_is_route(const struct step *step) {
    return step->kind == STEP_SET_HEADER_ROUTE || step->kind == STEP_SET_COOKIE_ROUTE;
}

/* Of the first n steps: the one at INDEX makes a route that none of the later ones makes anew or ends. */
bool spec_route_counts(const struct step *steps, uint32_t n, uint32_t index);

struct haproxy_spec {
    uint32_t n_sockets;
    char sockets[BALANCERS_MAX][SOCKET_NAME_MAX]; /* a path, or a numeric address and port */
    char master_socket[SOCKET_NAME_MAX];          /* "": none */
    uint32_t n_backends;
    char backends[BACKENDS_MAX][BACKEND_NAME_MAX];
    char preview_backend[BACKEND_NAME_MAX]; /* "": none */
    char server[SERVER_NAME_MAX];           /* pattern, default %c-%n */
    char route_map[256];
    usec_t poll;
};

/* They speak of the same servers in the same backends, but for the preview. */
bool haproxy_spec_same_names(const struct haproxy_spec *a, const struct haproxy_spec *b);

struct argument {
    char *name, *value; /* value NULL: must be given */
};

/* A template file, or an inline [Metric NAME] (then one metric of the template's own name). */
struct template_spec {
    char name[METRIC_NAME_MAX];
    char *description;
    struct argument *args;
    size_t n_args;
    struct metric_spec *metrics;
    size_t n_metrics;
};

/* When a hook is asked, in the order of a rollout. */
enum hook_moment {
    HOOK_CONFIRM_ROLLOUT,          /* gate: before the first instance starts */
    HOOK_PRE_ROLLOUT,              /* before the first request */
    HOOK_CONFIRM_TRAFFIC_INCREASE, /* gate: before each higher weight */
    HOOK_CONFIRM_PROMOTION,        /* gate: before the weight of 100 */
    HOOK_ROLLOUT,                  /* at each pause and each analysis */
    HOOK_POST_ROLLOUT,             /* told of the promotion */
    HOOK_ROLLBACK,                 /* again and again: who passes takes the rollout back */
    HOOK_EVENT,                    /* told of everything */
    HOOK_MOMENTS,
};
DECLARE_STRING_TABLE(hook_moment, enum hook_moment);

/* [Hook NAME] and [Notify NAME]: kept as written for the rooms that act on them. */
struct party_spec {
    char name[METRIC_NAME_MAX];
    struct setting *settings;
    size_t n_settings;
    char *file;
    int line;

    /* of a hook */
    uint32_t moments; /* a bit for each enum hook_moment */
    uint32_t retries;
    usec_t interval;
};

struct spec {
    char app[APP_NAME_MAX];

    /* [Rollout] */
    enum strategy strategy;
    char unit[UNIT_NAME_MAX]; /* the template: shop@.service */
    uint32_t replicas;
    char *release; /* with %v; NULL: none */
    char prepare[UNIT_NAME_MAX];
    usec_t min_ready;
    usec_t progress_deadline;
    bool progress_deadline_abort;
    uint32_t revision_history_limit;
    uint32_t rollback_window;
    usec_t scale_down_delay;
    usec_t abort_scale_down_delay;
    usec_t drain_timeout;
    enum on_supersede on_supersede;
    uint32_t crash_limit;
    char **deploy_windows; /* as written, checked */
    size_t n_deploy_windows;

    struct haproxy_spec haproxy;

    /* [Canary] */
    uint32_t n_steps;
    struct step steps[STEPS_MAX];
    struct analysis_use background;
    uint32_t background_starting_step;
    bool dynamic_stable_scale;
    char session_cookie[64]; /* "": none */
    usec_t session_cookie_max_age;

    /* [BlueGreen] */
    bool auto_promotion;
    usec_t auto_promotion_delay;
    uint32_t preview_replicas; /* 0: as replicas */
    struct analysis_use pre_promotion, post_promotion;

    /* [Args] and everything with a name */
    struct argument *args;
    size_t n_args;
    struct template_spec *templates; /* only those that something refers to, plus the inline ones */
    size_t n_templates;
    struct party_spec *hooks, *notifies;
    size_t n_hooks, n_notifies;

    char *text; /* the merged configuration, templates included, that the same parser reads back: what is pinned */
    char digest[SPEC_DIGEST_MAX]; /* of text, hex */
};

/* Where configuration is looked for; NULL members take the installed defaults (/etc/rollout, /usr/lib/rollout). */
struct spec_paths {
    const char *etc; /* APP.conf, APP.conf.d, analysis */
    const char *lib; /* analysis */
};

/* Reads and checks APP's configuration with its drop-ins and templates. Errors name FILE:LINE, what, and what was
 * expected. -ENOENT: no such app. The caller frees with spec_free(). */
int spec_load(const char *app, const struct spec_paths *paths, struct spec **ret, struct error *err);

/* The same for an analysis by hand: with the templates that it uses, which the app need not; checked as one that
 * somebody waits for. USE may be NULL. */
int spec_load_analysis(const char *app, const struct spec_paths *paths, const struct analysis_use *use,
                       struct spec **ret, struct error *err);

/* The same from pinned text (struct spec's text); NAME stands for the file in errors. */
int spec_parse(const char *app, const char *text, const char *name, struct spec **ret, struct error *err);

/* Another app of this host has the same template unit, or the same backend of the same HAProxy: -EINVAL. */
int spec_check_others(const struct spec *spec, const struct spec_paths *paths, struct error *err);

struct spec *spec_free(struct spec *spec);

/* Names that come from people and become paths and unit names. */
bool app_name_valid(const char *name);
bool version_valid(const char *version);

/* HAProxy's own set of characters for the names of backends and servers. */
bool balancer_name_valid(const char *name);

/* "shop@.service" and "blue-1" -> "shop@blue-1.service". -EINVAL: no template; -ENOSPC. */
int template_instance(const char *template, const char *instance, char *ret, size_t size);

/* The same for the app's own template. */
int spec_instance_unit(const struct spec *spec, const char *instance, char *ret, size_t size);

/* The HAProxy server of instance COLOR-N by the pattern Server=. */
int spec_server_name(const struct spec *spec, const char *color, uint32_t number, char *ret, size_t size);

/* Whether that is the server of such an instance on some host: %H stands for any name. */
bool spec_server_matches(const struct spec *spec, const char *color, uint32_t number, const char *server);

/* The folder of a version by Release=, for the caller to free; NULL where Release= is not set. */
int spec_release_folder(const struct spec *spec, const char *version, char **ret, struct error *err);

/* The metrics of one analysis with every {{...}} replaced: owned copies. */
struct expanded_analysis {
    char name[METRIC_NAME_MAX]; /* templates joined by "+" */
    struct metric_spec **metrics;
    size_t n_metrics;
};

/* BUILTINS are what the agent knows, names with their prefix: "args.app", "args.backend", and "color", "instances",
 * "ports", "servers" and "version" of "canary." and "stable.". The value of {{args.NAME}} is that of the use, of
 * [Args], of a builtin "args.NAME", or the template's own, in this order. {{credential.NAME}} stays as it is: providers
 * fill it in when they ask. What has no value is an error; all but the builtins' values was checked when the spec was
 * read. */
int spec_expand(const struct spec *spec, const struct analysis_use *use, const struct argument *builtins,
                size_t n_builtins, struct expanded_analysis **ret, struct error *err);
struct expanded_analysis *expanded_analysis_free(struct expanded_analysis *analysis);

/* Adds "NAMES... NAME=VALUE..." to a use, separated by spaces; the argument dryRun=PATTERN is a pattern as of glob(7)
 * of metrics that have no say. Nothing is added on failure. */
int analysis_use_add(struct analysis_use *use, const char *text, struct error *err);

/* Adds one argument, whose value may hold anything but control characters and {{. */
int analysis_use_give(struct analysis_use *use, const char *name, const char *value, struct error *err);

const struct template_spec *spec_template(const struct spec *spec, const char *name);

#endif
