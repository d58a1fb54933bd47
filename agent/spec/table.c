/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/table.h"

#include <string.h>

#include "analysis/run.h"
#include "common/text.h"
#include "spec/parsers.h"
#include "spec/spec.h"

#define WORDS(name, ...)                                  \
    static const char *const *name(size_t *ret_n) {       \
        static const char *const words[] = {__VA_ARGS__}; \
        *ret_n = ELEMENTS(words);                         \
        return words;                                     \
    }

WORDS(providers, "prometheus", "haproxy", "web", "job")
WORDS(methods, "GET", "POST", "PUT")
WORDS(measures, "error-ratio", "request-rate", "response-time", "queue-time", "connect-error-ratio")
WORDS(colors_measured, "canary", "stable")
WORDS(hook_points, "confirm-rollout", "pre-rollout", "rollout", "confirm-traffic-increase", "confirm-promotion",
      "post-rollout", "rollback", "event")
WORDS(notify_types, "slack", "webhook", "email", "unit")
WORDS(events, "rollout-updated", "rollout-step-completed", "rollout-paused", "rollout-resumed", "rollout-aborted",
      "rollout-completed", "traffic-weight-updated", "traffic-routing-error", "scaling-replica-set", "switch-service",
      "skip-steps", "analysis-run-running", "analysis-run-successful", "analysis-run-failed",
      "analysis-run-inconclusive", "analysis-run-error", "connections-ended")

/* A row, its members in their order or by name; settings are kept as written for the room that acts on them. */
#define KEY(...) \
    { .name = __VA_ARGS__ }
#define SETTING(...) \
    { .parse = to_metric_setting, .name = __VA_ARGS__ }
#define PARTY(...) \
    { .parse = to_party_setting, .name = __VA_ARGS__ }

#define COUNT_MAX 1000000
#define DAY (24 * 3600 * USEC_PER_SEC)
#define FIELD(field) offsetof(struct spec, field)
#define METRIC(field) offsetof(struct metric_spec, field)
#define SIZE(field) (sizeof((struct spec *)NULL)->field)
#define REPLICAS_RANGE .min = 1, .max = REPLICAS_MAX

static const struct key_row rollout_keys[] = {
    KEY("Strategy", to_word, FIELD(strategy), .words = strategy_names),
    KEY("Unit", to_unit, FIELD(unit)),
    KEY("Replicas", to_count, FIELD(replicas), REPLICAS_RANGE),
    KEY("Release", to_release, FIELD(release)),
    KEY("Prepare", to_unit, FIELD(prepare)),
    KEY("MinReadySec", to_span, FIELD(min_ready)),
    KEY("ProgressDeadlineSec", to_span, FIELD(progress_deadline), .infinity = true),
    KEY("ProgressDeadlineAbort", to_bool, FIELD(progress_deadline_abort)),
    KEY("RevisionHistoryLimit", to_count, FIELD(revision_history_limit), .max = HISTORY_LIMIT_MAX),
    KEY("RollbackWindow", to_count, FIELD(rollback_window), .max = HISTORY_LIMIT_MAX),
    KEY("ScaleDownDelaySec", to_span, FIELD(scale_down_delay), .infinity = true),
    KEY("AbortScaleDownDelaySec", to_span, FIELD(abort_scale_down_delay), .infinity = true),
    KEY("DrainTimeoutSec", to_span, FIELD(drain_timeout), .infinity = true),
    KEY("OnSupersede", to_word, FIELD(on_supersede), .words = on_supersede_names),
    KEY("CrashLimit", to_count, FIELD(crash_limit), .max = COUNT_MAX),
    KEY("DeployWindow", to_window, .list = true),
};

static const struct key_row haproxy_keys[] = {
    KEY("Socket", to_sockets, FIELD(haproxy), .list = true),
    KEY("MasterSocket", to_socket, FIELD(haproxy.master_socket)),
    KEY("Backend", to_backends, FIELD(haproxy), .list = true, .max = BACKEND_NAME_MAX),
    KEY("PreviewBackend", to_name, FIELD(haproxy.preview_backend), .max = BACKEND_NAME_MAX),
    KEY("Server", to_server, FIELD(haproxy.server)),
    KEY("RouteMap", to_path, FIELD(haproxy.route_map), .max = SIZE(haproxy.route_map)),
    KEY("PollSec", to_span, FIELD(haproxy.poll), .min = 100 * USEC_PER_MSEC, .max = DAY),
};

static const struct key_row canary_keys[] = {
    KEY("Step", to_step, .list = true),
    KEY("BackgroundAnalysis", to_analysis, FIELD(background), .list = true),
    KEY("BackgroundAnalysisStartingStep", to_count, FIELD(background_starting_step), .max = STEPS_MAX),
    KEY("DynamicStableScale", to_bool, FIELD(dynamic_stable_scale)),
    KEY("SessionCookie", to_name, FIELD(session_cookie), .max = SIZE(session_cookie)),
    KEY("SessionCookieMaxAgeSec", to_span, FIELD(session_cookie_max_age), .min = USEC_PER_SEC),
};

static const struct key_row blue_green_keys[] = {
    KEY("AutoPromotion", to_bool, FIELD(auto_promotion)),
    KEY("AutoPromotionSec", to_span, FIELD(auto_promotion_delay)),
    KEY("PreviewReplicas", to_count, FIELD(preview_replicas), REPLICAS_RANGE),
    KEY("PrePromotionAnalysis", to_analysis, FIELD(pre_promotion), .list = true),
    KEY("PostPromotionAnalysis", to_analysis, FIELD(post_promotion), .list = true),
};

static const struct key_row template_keys[] = {
    KEY("Description", to_string, offsetof(struct template_spec, description)),
};

static const struct key_row metric_keys[] = {
    KEY("Provider", to_provider, METRIC(provider), .words = providers),
    KEY("InitialDelaySec", to_span, METRIC(initial_delay)),
    KEY("IntervalSec", to_span, METRIC(interval)),
    KEY("Count", to_count, METRIC(count), .max = COUNT_MAX),
    KEY("SuccessCondition", to_condition, METRIC(success_condition)),
    KEY("FailureCondition", to_condition, METRIC(failure_condition)),
    KEY("FailureLimit", to_count, METRIC(failure_limit), .max = COUNT_MAX),
    KEY("InconclusiveLimit", to_count, METRIC(inconclusive_limit), .max = COUNT_MAX),
    KEY("ConsecutiveErrorLimit", to_count, METRIC(consecutive_error_limit), .max = COUNT_MAX),
    KEY("ConsecutiveSuccessLimit", to_count, METRIC(consecutive_success_limit), .max = COUNT_MAX),
    KEY("OnNoData", to_word, METRIC(on_no_data), .words = on_no_data_names),
    KEY("OnFailure", to_word, METRIC(on_failure), .words = on_failure_names),
    KEY("DryRun", to_bool, METRIC(dry_run)),
    KEY("Retain", to_count, METRIC(retain), .min = 1, .max = MEASUREMENTS_MAX),
    KEY("BaselineQuery", to_string, METRIC(baseline_query)),
    KEY("MinSamples", to_count, METRIC(min_samples), .max = INT32_MAX),
    KEY("SamplesQuery", to_string, METRIC(samples_query)),
    /* prometheus */
    SETTING("Address"),
    SETTING("Query"),
    SETTING("RangeSec", .check = to_span),
    SETTING("RangeStepSec", .check = to_span, .min = USEC_PER_MSEC),
    SETTING("TimeoutSec", .check = to_span, .min = USEC_PER_MSEC),
    /* web */
    SETTING("URL"),
    SETTING("Method", .check = to_words, .words = methods),
    SETTING("Body"),
    SETTING("JSONBody"),
    SETTING("JSONPath"),
    SETTING("Header", .list = true),
    SETTING("BearerCredential"),
    SETTING("BasicCredential"),
    SETTING("CAFile"),
    SETTING("ClientCertificate"),
    SETTING("ClientKey"),
    SETTING("InsecureTLS", .check = to_bool),
    /* job */
    SETTING("Unit", .check = to_unit),
    /* haproxy */
    SETTING("Measure", .check = to_words, .words = measures),
    SETTING("Of", .check = to_words, .words = colors_measured),
    SETTING("WindowSec", .check = to_span, .min = USEC_PER_SEC),
};

static const struct key_row hook_keys[] = {
    PARTY("At", .check = to_words, .words = hook_points),
    PARTY("URL"),
    PARTY("Unit", .check = to_unit),
    PARTY("Header", .list = true),
    PARTY("BearerCredential"),
    PARTY("TimeoutSec", .check = to_span, .min = USEC_PER_MSEC),
    PARTY("Retries", .check = to_count, .max = COUNT_MAX),
    PARTY("IntervalSec", .check = to_span, .min = USEC_PER_SEC),
};

static const struct key_row notify_keys[] = {
    PARTY("Type", .check = to_words, .words = notify_types),
    PARTY("On", .check = to_words, .words = events, .list = true),
    PARTY("URL"),
    PARTY("Unit", .check = to_unit),
    PARTY("To"),
    PARTY("From"),
    PARTY("Header", .list = true),
    PARTY("BearerCredential"),
    PARTY("TimeoutSec", .check = to_span, .min = USEC_PER_MSEC),
};

#define KEYS(rows) .keys = rows, .n_keys = ELEMENTS(rows)

const struct section_row section_table[SECTIONS] = {
    [SECTION_ROLLOUT] = {.name = "Rollout", KEYS(rollout_keys)},
    [SECTION_HAPROXY] = {.name = "HAProxy", KEYS(haproxy_keys)},
    [SECTION_CANARY] = {.name = "Canary", KEYS(canary_keys)},
    [SECTION_BLUE_GREEN] = {.name = "BlueGreen", KEYS(blue_green_keys)},
    [SECTION_ARGS] = {.name = "Args", .in_template = true},
    [SECTION_TEMPLATE] = {.name = "Template", .named = true, .in_template = true, KEYS(template_keys)},
    [SECTION_METRIC] = {.name = "Metric", .named = true, .in_template = true, KEYS(metric_keys)},
    [SECTION_HOOK] = {.name = "Hook", .named = true, KEYS(hook_keys)},
    [SECTION_NOTIFY] = {.name = "Notify", .named = true, KEYS(notify_keys)},
};

const struct section_row *section_find(const char *name) {
    for (size_t i = 0; i < SECTIONS; i++)
        if (strcmp(section_table[i].name, name) == 0)
            return &section_table[i];
    return NULL;
}

const struct key_row *key_find(const struct section_row *section, const char *name) {
    for (size_t i = 0; i < section->n_keys; i++)
        if (strcmp(section->keys[i].name, name) == 0)
            return &section->keys[i];
    return NULL;
}
