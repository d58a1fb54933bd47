/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent of one app: the pass (observe, decide, commit, act) and the doors through which its driver tells it what
 * happened. It knows no event loop: main.c and the simulator are two drivers of the same agent. Nothing here blocks but
 * the store's fsync.
 *
 * A driver calls agent_start() once, then agent_pass() whenever agent_due() says so: after anything was told, and when
 * the wake time is reached. Every door may be used at any time except from inside a call of a port; none of them acts,
 * the next pass does. */
#ifndef ROLLOUT_AGENT_H
#define ROLLOUT_AGENT_H

#include "api/api.h"
#include "common/error.h"
#include "core/model.h"
#include "instance/manager.h"
#include "provider/provider.h"
#include "store/store.h"
#include "traffic/router.h"

/* The two clocks of the host: CLOCK_BOOTTIME and CLOCK_REALTIME. */
struct agent_clock {
    usec_t boottime;
    usec_t wall;
};

/* What the agent stands on. Borrowed; must outlive the agent. */
struct agent_ports {
    void *userdata;
    const struct router *router;
    const struct manager *manager;
    const struct store *store;
    struct id128 boot; /* of this boot */

    void (*clock)(void *userdata, struct agent_clock *ret);
    /* Reads the app's configuration from its files. */
    int (*load_spec)(void *userdata, struct spec **ret, struct error *err);
    /* The same, with the templates of an analysis that the files need not ask for. */
    int (*load_analysis)(void *userdata, const struct analysis_use *use, struct spec **ret, struct error *err);
    /* Asks a provider, as struct provider's. The answer comes through agent_measured(). */
    int (*ask)(void *userdata, const struct metric_spec *metric, const struct subject *subject, uint64_t token,
               struct error *err);
    /* Asks a hook, with JSON for it. The answer comes through agent_hook_answered(). */
    int (*ask_hook)(void *userdata, const struct party_spec *hook, const struct subject *subject, const char *body,
                    uint64_t token, struct error *err);
    /* What only the host can tell about a deploy before it begins (its release folder is missing, ...): negative with a
     * sentence. May be NULL. */
    int (*check_deploy)(void *userdata, const struct spec *spec, const char *version, struct error *err);
    /* Tells the world of an event that is durable: journal, notifications. */
    void (*event)(void *userdata, const struct spec *spec, const struct state *state, const struct event *event);
    /* What readers see may have changed. May be NULL. */
    void (*changed)(void *userdata);
    /* The router has to know the servers of this specification from now on (first call: before anything else). */
    int (*configure)(void *userdata, const struct spec *spec, struct error *err);
};

struct agent;

/* Loads what was decided and begins. -ENOEXEC: the configuration is bad, and nothing is deployed that had one of its
 * own. Where something is, it goes on by that, and fails only when that cannot be read either. */
int agent_start(const char *app, const struct agent_ports *ports, struct agent **ret, struct error *err);
struct agent *agent_free(struct agent *agent);

/* Whether a pass is wanted now; otherwise *ret_wake (CLOCK_BOOTTIME, USEC_INFINITY: never) says when. */
bool agent_due(const struct agent *agent, usec_t *ret_wake);
void agent_pass(struct agent *agent);

/* What happened. Callbacks of router and manager may be wired to these directly (userdata: the agent). */
void agent_exchanged(void *agent, uint32_t balancer, uint64_t token, const struct exchange_result *result);
void agent_unit_seen(void *agent, enum color color, uint32_t number, const struct unit_seen *seen);
void agent_unit_done(void *agent, enum color color, uint32_t number, uint64_t token, int result, const char *sentence);
void agent_measured(void *agent, uint64_t token, enum answer_kind kind, const char *value, const char *message);
/* False: it is no hook's token. */
bool agent_hook_answered(struct agent *agent, uint64_t token, bool passed, const char *message);
/* The balancer's service reloaded or restarted, say: look again. */
void agent_look(struct agent *agent);

/* Reads the configuration again (SIGHUP). On failure nothing has changed. */
int agent_reload(struct agent *agent, struct error *err);

/* The control API's side: wire these into struct api_handler (userdata: the agent). */
void agent_view(void *agent, struct api_view *ret);
int agent_run(void *agent, uint32_t id, struct run_view *ret, struct error *err);
int agent_analyze(void *agent, const struct api_analysis *asked, uint32_t *ret_run, struct error *err);
int agent_command(void *agent, const struct api_command *asked, struct command_result *ret, struct error *err);
int agent_plan(void *agent, const struct api_command *asked, struct api_plan *ret, struct error *err);

/* True when everything that stable needs runs; when nothing is deployed, when all was looked at: for READY=1 at boot.
 */
bool agent_settled(const struct agent *agent);

#endif
