/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the agent is asked: verbs, and what readers see. A verb is checked at the door, decided by the core, durable
 * before it is answered; then an ordinary pass acts on it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent-inside.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "spec/window.h"

void agent_view(void *userdata, struct api_view *ret) {
    struct agent *agent = userdata;
    agent_clock(agent);
    const char *problem = NULL;
    if (*agent->disk_problem)
        (void)snprintf(agent->degraded, sizeof agent->degraded, "DiskFailure: %s", agent->disk_problem);
    else if (*agent->spec_problem)
        (void)snprintf(agent->degraded, sizeof agent->degraded, "InvalidSpec: %s", agent->spec_problem);
    if (*agent->disk_problem || *agent->spec_problem)
        problem = agent->degraded;
    *ret = (struct api_view){.spec = agent_spec(agent),
                             .state = &agent->state,
                             .world = &agent->world,
                             .now = agent->now,
                             .wall_offset = agent->wall - agent->now,
                             .degraded = problem};
}

/* ---------------------------------------------------------------- verbs */

static bool begins_attempt(enum verb verb) {
    return verb == VERB_DEPLOY || verb == VERB_RETRY || verb == VERB_UNDO || verb == VERB_RESTART;
}

/* What is asked makes sense by itself. */
static int check_deploy(const struct api_command *asked, struct error *err) {
    if (!version_valid(asked->command.version))
        return error_set(err, -EINVAL,
                         "version: expected 1 to 128 of A-Z a-z 0-9 . _ + : ~ -, the first one a letter or digit");
    for (char **pair = asked->env; pair && *pair; pair++) {
        int r = env_pair_check(*pair, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* For what was seen a moment ago nobody is refused before it was looked for once more. */
static int check_seen(struct agent *agent, usec_t asked_at, struct error *err) {
    int r = agent_refuse_attempt(agent, agent->files, err);
    usec_t held = agent->now - agent->clock_offset - asked_at;
    if (r >= 0 || !asked_at || held < 0 || held >= REFUSAL_HOLDS)
        return r;
    agent_look(agent);
    return -EAGAIN;
}

/* A new attempt could work, as far as anybody can tell: what it runs is there, and where it goes. */
static int check_new_attempt(struct agent *agent, uint32_t revision, usec_t asked_at, struct error *err) {
    const struct history *entry = state_revision(&agent->next, revision);
    int r = 0;
    if (!agent->files)
        return error_set(err, -ENOEXEC, "the configuration is not valid: %s", agent->spec_problem);
    if (agent->ports.check_deploy && entry)
        r = agent->ports.check_deploy(agent->ports.userdata, agent->files, entry->version, err);
    if (r >= 0)
        r = agent_refuse_template(agent, agent->files, err);
    return r < 0 ? r : check_seen(agent, asked_at, err);
}

/* What the attempt runs and by which configuration, durable before the state that names it. */
static int commit_attempt(struct agent *agent, uint32_t number, uint32_t copy_of, const struct api_command *asked,
                          struct error *err) {
    const struct store *store = agent->ports.store;
    struct revision *known = NULL;
    struct revision revision = {.number = number, .env = asked->env, .spec_text = agent->files->text};
    const struct history *entry = state_revision(&agent->next, number);
    int r = 0;
    if (copy_of || state_revision(&agent->state, number)) {
        r = store->load_revision(store->self, copy_of ? copy_of : number, &known, err);
        if (r >= 0)
            revision.env = known->env;
    }
    if (r >= 0 && entry) {
        memcpy(revision.version, entry->version, sizeof revision.version);
        r = store->commit_revision(store->self, &revision, err);
    }
    revision_free(known);
    return r;
}

/* Whoever asked for retreat gets it, durable or not; everything else has to be durable before it is so. */
static int commit_verb(struct agent *agent, const struct api_command *asked, struct command_result *result,
                       struct error *err) {
    bool attempt = result->new_attempt || result->new_revision;
    int r = attempt ? commit_attempt(agent, result->revision, result->copy_of, asked, err) : 0;
    if (r >= 0) {
        struct state before;
        memcpy(&before, &agent->state, sizeof before);
        r = agent_commit(agent);
        if (r < 0 && asked->command.verb != VERB_ABORT) {
            /* Nobody knows which of both the disk has: it is written again before anybody finds what was refused. */
            memcpy(&agent->state, &before, sizeof before);
            agent->due = true;
            return error_set(err, -EIO, "the state cannot be written, so nothing was changed: %s", agent->disk_problem);
        }
        if (r < 0)
            (void)snprintf(result->message + strlen(result->message), sizeof result->message - strlen(result->message),
                           "; not durable: %.60s", agent->disk_problem);
        r = 0;
    }
    return r;
}

/* What an attempt goes by that begins now; where the files are bad none can, but a way back to what is live is open. */
static const struct spec *spec_of_attempt(const struct agent *agent) {
    return agent->files ? agent->files : agent_spec(agent);
}

/* Everything that is said to a verb before it is written: fills `next` and the answer. What the files say counts where
 * an attempt begins. */
static int weigh_verb(struct agent *agent, const struct api_command *asked, struct command_result *ret,
                      struct error *err) {
    struct command command_asked = asked->command;
    bool attempt = begins_attempt(asked->command.verb);
    agent_clock(agent);
    agent->world.wall = agent->wall;
    if (attempt) {
        int r = asked->command.verb == VERB_DEPLOY ? check_deploy(asked, err) : 0;
        if (r < 0)
            return r;
        agent->world.window_opens = deploy_windows_open(spec_of_attempt(agent), agent->wall);
        if (command_asked.verb == VERB_DEPLOY)
            command_asked.identity = revision_identity(command_asked.version, asked->env);
    }
    command(attempt ? spec_of_attempt(agent) : agent_spec(agent), &agent->state, &agent->world, agent->now,
            &command_asked, &agent->next, ret);
    bool begins = ret->verdict == VERDICT_ACCEPTED && (ret->new_attempt || ret->new_revision);
    return begins ? check_new_attempt(agent, ret->revision, asked->asked_at, err) : 0;
}

int agent_command(void *userdata, const struct api_command *asked, struct command_result *ret, struct error *err) {
    struct agent *agent = userdata;
    bool held = agent->state.rollout.mode == MODE_HELD;
    enum verb verb = asked->command.verb;
    int r = weigh_verb(agent, asked, ret, err);
    if (r < 0 || ret->verdict != VERDICT_ACCEPTED)
        return r;
    r = commit_verb(agent, asked, ret, err);
    if (r < 0)
        return r;
    agent->due = true;
    if (held && !ret->new_attempt)
        agent_take_up_pinned(agent);
    if (ret->new_attempt) {
        struct error pin = {0};
        if (agent_pin(agent, agent->files->text, "the pinned configuration", &pin) < 0)
            log_error("spec", "%s", pin.text);
        struct error prune = {0};
        if (agent->ports.store->prune(agent->ports.store->self, &agent->state, &prune) < 0)
            log_debug("store", "%s", prune.text);
    }
    char who[REASON_MAX];
    command_by_whom(&asked->command, who);
    log_info("api", "%s%s%s: %s", verb_to_string(verb), *who ? " " : "", who, ret->message);
    return 0;
}

int agent_plan(void *userdata, const struct api_command *asked, struct api_plan *ret, struct error *err) {
    struct agent *agent = userdata;
    int r = weigh_verb(agent, asked, &ret->result, err);
    if (r < 0)
        return r;
    bool queued = ret->result.revision && agent->next.queued.revision == ret->result.revision;
    ret->spec = ret->result.verdict == VERDICT_ATTACHED && !queued ? agent_spec(agent) : spec_of_attempt(agent);
    forecast(ret->spec, &agent->next, agent->now, ret->result.revision, &ret->forecast);
    return 0;
}
