/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of verbs: what rolloutctl can do, and what --help says of it. */
#include <string.h>

#include "common/text.h"
#include "ctl/ctl.h"

#define READS (OPTION_OUTPUT | OPTION_HELP)

const struct verb verbs[] = {
    {"deploy", "APP VERSION", "take a version live",
     "Starts VERSION on the idle color and leads requests to it by the steps of the configuration.\n"
     "What is live already needs nothing; what is under way is joined; anything else under way is replaced.\n"
     "With --watch it follows this revision until it is Healthy, or Degraded or superseded (exit 1);\n"
     "with --until paused it is content when this revision is Paused, too.",
     OPTION_ENV | OPTION_NOW | OPTION_WATCH | OPTION_UNTIL | OPTION_TIMEOUT | READS, 2, 2, run_deploy},
    {"plan", "APP VERSION", "show what a deploy would do, and do nothing",
     "The steps with the times that they take at least, the new version's share of requests, and the instances of\n"
     "both; what a deploy would be refused for is said, too.",
     OPTION_ENV | OPTION_NOW | READS, 2, 2, run_plan},
    {"get", "APP", "show where a rollout stands, and why it waits",
     "With --watch, on a terminal, the picture stays alive.", OPTION_WATCH | OPTION_TIMEOUT | READS, 1, 1, run_get},
    {"status", "APP", "say the phase in one line; exit 1 when Degraded",
     "With --watch it waits until the rollout is Healthy (exit 0) or Degraded (exit 1).",
     OPTION_WATCH | OPTION_TIMEOUT | READS, 1, 1, run_status},
    {"list", "", "show all apps of this host", NULL, READS, 0, 0, run_list},
    {"promote", "APP", "end the pause and go on with the next step", NULL, OPTION_FULL | READS, 1, 1, run_promote},
    {"abort", "APP", "take every request back to the stable version", NULL, READS, 1, 1, run_plain_verb},
    {"retry", "APP", "begin an aborted rollout again, at its first step", NULL, READS, 1, 1, run_plain_verb},
    {"pause", "APP", "hold the rollout where it is", NULL, READS, 1, 1, run_plain_verb},
    {"resume", "APP", "go on after pause", NULL, READS, 1, 1, run_plain_verb},
    {"undo", "APP", "go back to the revision that was live before, or to another one",
     "While a rollout is under way it is taken back at once. Else the revision before is deployed again, by the\n"
     "steps; without them within RollbackWindow=, and in blueGreen while its instances still run.",
     OPTION_TO_REVISION | READS, 1, 1, run_undo},
    {"restart", "APP", "restart the instances, one after the other, without a rollout",
     "Each is drained first and waited for. With Replicas=1 the other color takes over.", READS, 1, 1, run_plain_verb},
    {"history", "APP", "show the revisions of an app, newest first", NULL, READS, 1, 1, run_history},
    {"analysis", "APP [RUN]", "show the analysis runs, or one with all that it measured", NULL, READS, 1, 2,
     run_analysis},
    {"analyze", "APP NAME", "run an analysis by hand; exit 1 unless it is Successful",
     "Asks a template or metric of the app about the version under way, or else about the one that is live; it touches "
     "no\n"
     "rollout. It waits for the run's end, and shows it. The run goes on without us, and ends with the agent.",
     OPTION_ARG | OPTION_TIMEOUT | READS, 2, 2, run_analyze},
    {"logs", "APP", "show what the agent and the instances of an app wrote to the journal",
     "In the order of time, by journalctl(1), which also says what it exits with.",
     OPTION_FOLLOW | OPTION_LINES | OPTION_SINCE | READS, 1, 1, run_logs},
    {"lint", "[APP|FILE]", "find what is wrong before a rollout does",
     "Of an app: its configuration, its units and permissions on this host, and its HAProxy as it runs. Of a FILE, "
     "which\n"
     "ends in .conf: only what stands there, in its drop-ins and in the templates beside it. Without either: all "
     "apps.\n"
     "Each finding is a line with its place and a remedy. Exits 2 when there is an error; warnings are none.",
     OPTION_HAPROXY | READS, 0, 1, run_lint},
    {"init", "APP", "write the first configuration, unit and HAProxy backend of an app",
     "Asks nothing: what no option says is as shown in parentheses. What is there already is not replaced. It tells\n"
     "which commands come next.",
     OPTION_STRATEGY | OPTION_REPLICAS | OPTION_PORT | OPTION_RELEASE | OPTION_EXEC | OPTION_BIND | OPTION_DIR | READS,
     1, 1, run_init},
    {"permit", "APP", "let the agent drive the units of its app (root)",
     "Writes a polkit rule that names these units exactly. The unit rollout@.service does so by itself.", OPTION_HELP,
     1, 1, run_permit},
    {"version", "", "say the version", NULL, READS, 0, 0, run_version},
    {"completion", "SHELL", "write completions for a shell (bash)", NULL, OPTION_HELP, 1, 1, run_completion},
    {"help", "[VERB]", "explain a verb", NULL, OPTION_HELP, 0, 1, run_help},
};
const size_t n_verbs = ELEMENTS(verbs);

const struct verb *verb_find(const char *name) {
    for (const struct verb *verb = verbs; verb < verbs + n_verbs; verb++)
        if (strcmp(verb->name, name) == 0)
            return verb;
    return NULL;
}
