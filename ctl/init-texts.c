/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files themselves, with the remarks that whoever changes them needs. */
#include <string.h>

#include "ctl/init.h"

#define say(text, ...) ((void)buffer_printf(text, __VA_ARGS__))

uint32_t init_green_port(const struct init_wishes *wishes) {
    return wishes->port + (wishes->replicas + 9) / 10 * 10;
}

/* ---------------------------------------------------------------- the configuration */

static const char canary[] = "[Canary]\n"
                             "# Ends by itself; a pause without a time waits for `rolloutctl promote`.\n"
                             "Step=setWeight 20\n"
                             "Step=pause 5min\n"
                             "Step=analysis errors\n"
                             "Step=setWeight 60\n"
                             "Step=pause 5min\n"
                             "Step=analysis errors\n"
                             "# After the last step the new version gets every request.\n";

static const char blue_green[] = "[BlueGreen]\n"
                                 "# The new version runs beside the old one until `rolloutctl promote`.\n"
                                 "AutoPromotion=no\n"
                                 "# A version that answers errors is switched back.\n"
                                 "PostPromotionAnalysis=errors\n";

/* HAProxy's own counts need nothing else on the host. */
static const char metric[] = "[Metric errors]\n"
                             "# The part of the new version's answers that are 5xx, as HAProxy counts them. With\n"
                             "# Prometheus, the templates in " ROLLOUT_LIB_DIR "/analysis judge more.\n"
                             "Provider=haproxy\n"
                             "Measure=error-ratio\n"
                             "WindowSec=1min\n"
                             "InitialDelaySec=30s\n"
                             "IntervalSec=30s\n"
                             "Count=4\n"
                             "SuccessCondition=result[0] <= 0.01\n"
                             "FailureCondition=result[0] > 0.05\n"
                             "# Nobody sent a request: the rollout pauses, and a person decides.\n"
                             "OnNoData=inconclusive\n";

void init_put_conf(struct buffer *text, const struct init_wishes *wishes) {
    bool is_canary = wishes->strategy == STRATEGY_CANARY;
    say(text,
        "# How new versions of %s go live; rollout.conf(5) has every key. `rolloutctl lint %s` checks it, and\n"
        "# `systemctl reload rollout@%s` has it read. It counts from the next deploy on.\n"
        "[Rollout]\n"
        "Strategy=%s\n"
        "# Instances of each color: as many servers of each color has the backend %s in HAProxy.\n"
        "Replicas=%u\n"
        "# Where version %%v lies; an instance finds it as %s/%s/instances/INSTANCE/release.\n"
        "Release=%s\n"
        "# A new version that is not ready by then is taken back.\n"
        "ProgressDeadlineSec=10min\n"
        "ProgressDeadlineAbort=yes\n\n",
        wishes->app, wishes->app, wishes->app, strategy_to_string(wishes->strategy), wishes->app, wishes->replicas,
        ROLLOUT_STATE_DIR, wishes->app, wishes->release);
    say(text, "%s\n%s", is_canary ? canary : blue_green, metric);
}

/* ---------------------------------------------------------------- the unit */

void init_put_unit(struct buffer *text, const struct init_wishes *wishes) {
    say(text,
        "# One instance of %s. Not to be enabled: rollout starts and stops instances.\n"
        "[Unit]\n"
        "Description=%s, instance %%i\n"
        "After=network.target\n\n"
        "[Service]\n"
        "# Ready when HAProxy's check says UP. With Type=notify, when it has said so itself, too.\n"
        "Type=exec\n"
        "# HOST and PORT, where it has to listen; ROLLOUT_VERSION, and what `rolloutctl deploy --env` gave.\n"
        "EnvironmentFile=%s/%s/instances/%%i/env\n",
        wishes->app, wishes->app, ROLLOUT_STATE_DIR, wishes->app);
    if (*wishes->command == '/')
        say(text, "ExecStart=%s\n", wishes->command);
    else
        say(text, "ExecStart=%s/%s/instances/%%i/release/%s\n", ROLLOUT_STATE_DIR, wishes->app, wishes->command);
    say(text, "# A crash is mended here first; a new version that crashes is taken back by rollout.\n"
              "Restart=on-failure\n"
              "RestartSec=100ms\n"
              "# Longer than a request takes: by then HAProxy sends none any more.\n"
              "TimeoutStopSec=30s\n"
              "DynamicUser=yes\n");
}

/* ---------------------------------------------------------------- HAProxy */

static void put_servers(struct buffer *text, const char *color, uint32_t port, uint32_t replicas) {
    for (uint32_t number = 1; number <= replicas; number++)
        say(text, "    server %s-%u 127.0.0.1:%u\n", color, number, port + number - 1);
}

void init_put_haproxy(struct buffer *text, const struct init_wishes *wishes) {
    say(text,
        "\n# For %s, to be appended to /etc/haproxy/haproxy.cfg, which also has to have in its section global:\n"
        "#     stats socket /run/haproxy/admin.sock mode 660 level admin\n",
        wishes->app);
    if (wishes->bind)
        say(text, "frontend %s\n    mode http\n    bind %s\n    default_backend %s\n\n", wishes->app, wishes->bind,
            wishes->app);
    else
        say(text, "# and in the frontend that is to serve it:\n#     default_backend %s\n", wishes->app);
    say(text,
        "backend %s\n"
        "    mode http\n"
        "    # The ratio of weights is the ratio of requests with roundrobin only.\n"
        "    balance roundrobin\n"
        "    # Weights survive a reload and a restart.\n"
        "    load-server-state-from-file local\n"
        "    server-state-file-name %s/%s/haproxy/%s.state\n"
        "    # An instance that just died: the request goes to another one.\n"
        "    option redispatch 1\n"
        "    retries 3\n"
        "    retry-on conn-failure empty-response\n"
        "    # Where a request must never run twice, not even when the instance died over it:\n"
        "    #http-request disable-l7-retry if METH_POST\n"
        "    # A check that asks the application, not only its port:\n"
        "    #option httpchk GET /health\n"
        "    default-server check inter 500ms rise 1 fall 3 weight 100\n",
        wishes->app, ROLLOUT_STATE_DIR, wishes->app, wishes->app);
    put_servers(text, "blue", wishes->port, wishes->replicas);
    put_servers(text, "green", init_green_port(wishes), wishes->replicas);
    say(text,
        "# For steps that route requests by a header or cookie (RouteMap=, PreviewBackend= and ROUTES in "
        "rollout.conf(5)):\n"
        "# a backend %s-preview like this one, and in the frontend\n"
        "#     http-request set-var(txn.route) req.hdrs,map_reg(%s/%s/haproxy/routes.map) "
        "if { nbsrv(%s-preview) gt 0 } or { stopping } !{ be_conn_free(%s-preview) eq 0 }\n"
        "#     use_backend %%[var(txn.route)] if { var(txn.route) -m found }\n",
        wishes->app, ROLLOUT_STATE_DIR, wishes->app, wishes->app, wishes->app);
}
