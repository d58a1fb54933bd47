/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every place where chance decides. To add one: a line at the end, and draw() where it happens. 0 is always the benign
 * value.
 *
 * PLAN   what is deployed, configured and asked for, and how long things last: drawn for every seed
 * FAULT  what goes wrong: each seed enables a random subset; the last phase enables none */
#ifndef SIMULATE_SITES_H
#define SIMULATE_SITES_H

#define SITES(X)                                                   \
    X(REPLICAS, PLAN, "plan.replicas")                             \
    X(BALANCERS, PLAN, "plan.balancers")                           \
    X(BACKENDS, PLAN, "plan.backends")                             \
    X(STRATEGY, PLAN, "plan.strategy")                             \
    X(PREVIEW, PLAN, "plan.preview")                               \
    X(ON_SUPERSEDE, PLAN, "plan.on-supersede")                     \
    X(ROLLBACK_WINDOW, PLAN, "plan.rollback-window")               \
    X(STEPS, PLAN, "plan.steps")                                   \
    X(STEP, PLAN, "plan.step")                                     \
    X(STEP_VALUE, PLAN, "plan.step-value")                         \
    X(MIN_READY, PLAN, "plan.min-ready")                           \
    X(DRAIN_TIMEOUT, PLAN, "plan.drain-timeout")                   \
    X(SCALE_DOWN_DELAY, PLAN, "plan.scale-down-delay")             \
    X(ABORT_DELAY, PLAN, "plan.abort-scale-down-delay")            \
    X(DEADLINE, PLAN, "plan.progress-deadline")                    \
    X(DEADLINE_ABORT, PLAN, "plan.progress-deadline-abort")        \
    X(CRASH_LIMIT, PLAN, "plan.crash-limit")                       \
    X(BACKGROUND, PLAN, "plan.background-analysis")                \
    X(ON_FAILURE, PLAN, "plan.on-failure")                         \
    X(METRIC, PLAN, "plan.metric")                                 \
    X(JSON, PLAN, "plan.through-json")                             \
    X(HEALTH, PLAN, "version.health")                              \
    X(START_TIME, PLAN, "version.start-time")                      \
    X(HEALTH_AFTER, PLAN, "version.crashes-after")                 \
    X(VERB, PLAN, "operator.verb")                                 \
    X(VERB_AT, PLAN, "operator.at")                                \
    X(VERB_VERSION, PLAN, "operator.version")                      \
    X(DEPLOY_AT, PLAN, "operator.deploy-at")                       \
    X(REQUESTS_END, PLAN, "requests.end-after")                    \
    /* traffic */                                                  \
    X(EXCHANGE_BEGIN, FAULT, "haproxy.cannot-ask")                 \
    X(EXCHANGE_LATE, FAULT, "haproxy.late")                        \
    X(EXCHANGE_CUT, FAULT, "haproxy.cut")                          \
    X(EXCHANGE_REFUSED, FAULT, "haproxy.refused")                  \
    X(REPLY_LATE, FAULT, "haproxy.reply-late")                     \
    X(REPLY_LOST, FAULT, "haproxy.reply-lost")                     \
    X(REPLY_DOUBLED, FAULT, "haproxy.reply-doubled")               \
    X(CHECK_TIME, FAULT, "haproxy.check-time")                     \
    X(RELOAD, FAULT, "haproxy.reload")                             \
    X(RELOAD_SOON, FAULT, "haproxy.reload-after-exchange")         \
    X(RESTART, FAULT, "haproxy.restart")                           \
    X(RESTART_TIME, PLAN, "haproxy.restart-time")                  \
    X(SILENCE, FAULT, "haproxy.silence")                           \
    X(SILENCE_TIME, PLAN, "haproxy.silence-time")                  \
    X(SILENT_LATER, PLAN, "haproxy.does-it-after-silence")         \
    X(CHECK_FAILS, FAULT, "haproxy.check-fails")                   \
    X(ELDER_TIME, FAULT, "haproxy.old-worker-time")                \
    X(LOOK_TOLD_LATE, FAULT, "haproxy.reload-told-late")           \
    X(REMEMBER_FAILS, FAULT, "haproxy.state-file-fails")           \
    X(REQUESTS_HANG, FAULT, "requests.hang")                       \
    /* instances */                                                \
    X(JOB_TIME, FAULT, "systemd.job-time")                         \
    X(STOP_TIME, FAULT, "systemd.stop-time")                       \
    X(RESTART_SEC, FAULT, "systemd.restart-sec")                   \
    X(SIGNAL_LATE, FAULT, "systemd.signal-late")                   \
    X(SIGNAL_LOST, FAULT, "systemd.signal-lost")                   \
    X(ORDER_REFUSED, FAULT, "systemd.order-refused")               \
    X(CRASH, FAULT, "systemd.crash")                               \
    X(CRASH_WHO, PLAN, "systemd.crash-who")                        \
    X(START_FAILS, FAULT, "systemd.start-fails")                   \
    X(MASKED, FAULT, "systemd.masked")                             \
    X(BUS_GONE, FAULT, "systemd.bus-gone")                         \
    X(BUS_GONE_TIME, PLAN, "systemd.bus-gone-time")                \
    /* the disk */                                                 \
    X(DISK_BAD, FAULT, "disk.bad")                                 \
    X(DISK_BAD_TIME, PLAN, "disk.bad-time")                        \
    X(DISK_HOW, PLAN, "disk.how")                                  \
    X(DISK_ONCE, FAULT, "disk.fails-once")                         \
    X(DISK_SLOW, FAULT, "disk.slow")                               \
    X(DISK_LOSES, PLAN, "disk.forgets-at-reboot")                  \
    /* measurements */                                             \
    X(ASK_FAILS, FAULT, "metrics.cannot-ask")                      \
    X(ANSWER_LATE, FAULT, "metrics.late")                          \
    X(ANSWER_BAD, FAULT, "metrics.no-value")                       \
    X(ANSWER_DOUBLED, FAULT, "metrics.doubled")                    \
    /* the host and its agent */                                   \
    X(KILL, FAULT, "agent.killed-at-effect")                       \
    X(KILL_AT, FAULT, "agent.killed")                              \
    X(RETURN_TIME, FAULT, "agent.return-time")                     \
    X(REBOOT, FAULT, "host.reboot")                                \
    X(REBOOT_TIME, PLAN, "host.reboot-time")                       \
    X(CLOCK_STEP, FAULT, "host.clock-step")                        \
    X(CLOCK_STEP_BY, PLAN, "host.clock-step-by")                   \
    /* later ones: at the end, so that a seed stays what it was */ \
    X(ENDS, PLAN, "version.ends-quietly")                          \
    X(LOOPS, PLAN, "version.crashes-for-ever")                     \
    X(SICK, PLAN, "version.sick-instance")                         \
    X(REMOTE, PLAN, "haproxy.remote")                              \
    X(PREVIEW_BACKEND, PLAN, "plan.preview-backend")               \
    X(WHICH, PLAN, "haproxy.which")                                \
    X(SLOW, FAULT, "haproxy.slow")                                 \
    X(SLOW_TIME, PLAN, "haproxy.slow-time")                        \
    X(SLOW_BY, PLAN, "haproxy.slow-by")                            \
    X(CUT_OFF, FAULT, "haproxy.cannot-reach-instance")             \
    X(CUT_OFF_TIME, PLAN, "haproxy.cannot-reach-time")             \
    X(CUT_OFF_WHERE, PLAN, "haproxy.cannot-reach-in")              \
    X(HAND_WEIGHT, FAULT, "hand.weight")                           \
    X(HAND_STATE, FAULT, "hand.state")                             \
    X(HAND_STOP, FAULT, "hand.stop")                               \
    X(HAND_START, FAULT, "hand.start")                             \
    X(HAND_VALUE, PLAN, "hand.value")                              \
    X(HAND_NOTICED, PLAN, "hand.noticed-after")                    \
    X(INSISTS, PLAN, "hand.insists")                               \
    X(INSISTS_WHERE, PLAN, "hand.insists-where")                   \
    X(GIVES_IN, PLAN, "hand.gives-in")                             \
    X(STATE_LOST, FAULT, "disk.state-lost")                        \
    X(NEWER_TIME, PLAN, "disk.newer-for")                          \
    X(UNMANAGED, PLAN, "plan.unmanaged")                           \
    X(VARIANTS, PLAN, "files.variants")                            \
    X(VARIANT_REPLICAS, PLAN, "files.replicas")                    \
    X(FILES_CHANGE, FAULT, "files.change")                         \
    X(FILES_WHICH, PLAN, "files.which")                            \
    X(FILES_BAD, FAULT, "files.bad")                               \
    X(FILES_BAD_TIME, PLAN, "files.bad-time")                      \
    X(RELOADED_AFTER, PLAN, "files.reloaded-after")                \
    X(DYNAMIC_STABLE_SCALE, PLAN, "plan.dynamic-stable-scale")     \
    X(WINDOWS, PLAN, "plan.windows")                               \
    X(WALL, PLAN, "host.wall-clock")                               \
    X(NOW, PLAN, "operator.now")                                   \
    X(HOOKS, PLAN, "plan.hooks")                                   \
    X(HOOK_AT, PLAN, "plan.hook-at")                               \
    X(HOOK_RETRIES, PLAN, "plan.hook-retries")                     \
    X(HOOK_TEMPER, PLAN, "plan.hook-temper")                       \
    X(HOOK_ROLLBACK, PLAN, "plan.hook-rollback")                   \
    X(HOOK_CANNOT, FAULT, "hook.cannot-ask")                       \
    X(HOOK_MOOD, FAULT, "hook.says-otherwise")                     \
    X(HOOK_LATE, FAULT, "hook.late")                               \
    X(HOOK_LOST, FAULT, "hook.lost")                               \
    X(HOOK_DOUBLED, FAULT, "hook.doubled")                         \
    X(PREPARE, PLAN, "plan.prepare")                               \
    X(PREPARE_TIME, FAULT, "systemd.prepare-time")                 \
    X(PREPARE_FAILS, FAULT, "systemd.prepare-fails")               \
    X(ROUTES, PLAN, "plan.routes")                                 \
    X(ROUTE_STEP, PLAN, "plan.route-step")                         \
    X(SESSION_COOKIE, PLAN, "plan.session-cookie")                 \
    X(HAND_ROUTES, FAULT, "hand.routes")                           \
    X(LINK_LOST, PLAN, "disk.forgets-a-link-at-reboot")            \
    X(FILES_REFUSED, PLAN, "files.refused")

enum site_class { SITE_PLAN, SITE_FAULT };

#define X(name, class, text) AT_##name,
enum site { SITES(X) SITES_N };
#undef X

#endif
