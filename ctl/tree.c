/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/tree.h"

#include <string.h>

#include "common/text.h"

#define BAR_WIDTH 24
#define HEAD_INDENT 11 /* where what "Message:" and the like say begins */
#define INSIDE_INDENT 6
#define MEASUREMENTS_SHOWN 3 /* the latest of each metric */

static enum paint paint_of(const char *word) {
    if (STR_IN_SET(word, "Healthy", "Successful", "ready", "promoted", "up"))
        return PAINT_GOOD;
    if (STR_IN_SET(word, "Degraded", "Failed", "Error", "crashed", "aborted", "gone", "silent"))
        return PAINT_BAD;
    if (STR_IN_SET(word, "Idle", "stopped"))
        return PAINT_FAINT;
    return PAINT_BUSY;
}

void put_phase(struct writer *writer, FILE *out, const char *word, int width) {
    char safe[64];
    (void)safe_text(word, safe, sizeof(safe));
    (void)fprintf(out, "%s%-*s%s", paint(writer, paint_of(word)), width, safe, paint(writer, PAINT_PLAIN));
}

static size_t width_of(const char *word, size_t len) {
    size_t width = 0;
    for (size_t i = 0; i < len; i++)
        width += (word[i] & 0xc0) != 0x80; /* not the inside of a UTF-8 character */
    return width;
}

/* A sentence from column AT on, broken between words where the terminal ends; further lines begin at INDENT. The last
 * column stays free: what clears the rest of a line takes it too. */
static void put_wrapped(struct writer *writer, FILE *out, size_t at, size_t indent, const char *sentence) {
    const char *text = SAFE(sentence);
    for (bool first = true; *text; first = false) {
        size_t len = strcspn(text, " "), width = width_of(text, len);
        if (!first && writer->columns && at + 1 + width >= writer->columns) {
            (void)fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            (void)fputc(' ', out);
            at++;
        }
        (void)fwrite(text, 1, len, out);
        at += width;
        text += len;
        text += *text == ' ';
    }
    (void)fputc('\n', out);
}

static void put_share(FILE *out, const cJSON *weight, const char *key) {
    double share = field_number(weight, key, -1);
    if (share < 0)
        (void)fputs("unknown", out);
    else
        (void)fprintf(out, "%.4g %%", share);
}

static void put_bar(struct writer *writer, FILE *out, double done, double all) {
    int filled = all > 0 ? (int)(BAR_WIDTH * done / all + 0.5) : BAR_WIDTH;
    (void)fputs(writer->utf8 ? "" : "[", out);
    for (int i = 0; i < BAR_WIDTH; i++)
        (void)fputs(writer->utf8 ? i < filled ? "█" : "░" : i < filled ? "#" : ".", out);
    (void)fputs(writer->utf8 ? "" : "]", out);
}

static void put_waiting(FILE *out, const cJSON *rollout) {
    const cJSON *waiting = field_of(rollout, "waiting");
    usec_t now = field_time(rollout, "time"), since = field_time(waiting, "since"),
           until = field_time(waiting, "until");
    if (!waiting)
        return;
    (void)fprintf(out, "Waiting:   for %s", SAFE(field_text(waiting, "for")));
    if (now != USEC_INFINITY && since != USEC_INFINITY && since <= now)
        (void)fprintf(out, ", %s so far", SPAN(now - since));
    if (now != USEC_INFINITY && until != USEC_INFINITY)
        (void)fprintf(out, ", %s left", SPAN(until - now));
    (void)fputc('\n', out);
}

static void put_head(struct writer *writer, FILE *out, const cJSON *rollout) {
    const cJSON *step = field_of(rollout, "step"), *weight = field_of(rollout, "weight");
    double index = field_number(step, "index", 0), count = field_number(step, "count", 0);
    (void)fprintf(out, "App:       %s%s%s (%s)\n", paint(writer, PAINT_BOLD), SAFE(field_text(rollout, "app")),
                  paint(writer, PAINT_PLAIN), SAFE(field_text(rollout, "strategy")));
    (void)fputs("Phase:     ", out);
    put_phase(writer, out, field_text(rollout, "phase"), 0);
    (void)fputs("\nMessage:   ", out);
    put_wrapped(writer, out, HEAD_INDENT, HEAD_INDENT, field_text(rollout, "message"));
    put_waiting(out, rollout);
    if (count > 0 && field_of(rollout, "stable")) {
        const char *text = field_text(step, "text");
        (void)fputs("Step:      ", out);
        put_bar(writer, out, index, count);
        (void)fprintf(out, " %.0f/%.0f  %s\n", index, count, *text ? SAFE(text) : "done");
    }
    (void)fputs("Weight:    ", out);
    put_share(out, weight, "desired");
    (void)fputs(" wanted, ", out);
    put_share(out, weight, "actual");
    (void)fputs(" seen\n", out);
}

/* ---------------------------------------------------------------- instances */

static void put_instance(struct writer *writer, FILE *out, const cJSON *instance) {
    double weight = field_number(instance, "weight", -1), sessions = field_number(instance, "sessions", -1),
           restarts = field_number(instance, "restarts", 0);
    bool stopped = strcmp(field_text(instance, "state"), "stopped") == 0;
    (void)fprintf(out, "  %-10s ", SAFE(field_text(instance, "name")));
    put_phase(writer, out, field_text(instance, "state"), stopped ? 0 : 9);
    if (!stopped) { /* what it has then is what it had last */
        if (weight >= 0)
            (void)fprintf(out, "  weight %3.0f", weight);
        if (sessions >= 0)
            (void)fprintf(out, "  %3.0f session%s", sessions, sessions == 1 ? "" : "s");
    }
    if (restarts > 0)
        (void)fprintf(out, "  %.0f restart%s", restarts, restarts > 1 ? "s" : "");
    if (*field_text(instance, "result"))
        (void)fprintf(out, "  %s", SAFE(field_text(instance, "result")));
    (void)fputc('\n', out);
}

/* The instances of one role; those that stand still only where they belong to something. */
static void put_role(struct writer *writer, FILE *out, const cJSON *rollout, const char *role, const cJSON *side) {
    bool headed = false;
    json_for_each(instance, field_of(rollout, "instances")) {
        if (strcmp(field_text(instance, "role"), role) != 0 ||
            (!side && strcmp(field_text(instance, "state"), "stopped") == 0))
            continue;
        if (!headed)
            (void)fprintf(out, "\n%s%s%s", paint(writer, PAINT_BOLD), role, paint(writer, PAINT_PLAIN));
        if (!headed && side)
            (void)fprintf(out, ": revision %.0f, %s, %s", field_number(side, "revision", 0),
                          SAFE(field_text(side, "version")), SAFE(field_text(side, "color")));
        if (!headed)
            (void)fputc('\n', out);
        headed = true;
        put_instance(writer, out, instance);
    }
}

/* ---------------------------------------------------------------- analysis */

static void put_measurement(struct writer *writer, FILE *out, const cJSON *measurement, const char *told) {
    const char *message = field_text(measurement, "message"), *time = field_text(measurement, "time");
    (void)fprintf(out, "      %.8s ", strlen(time) > 19 ? time + 11 : "--------");
    put_phase(writer, out, field_text(measurement, "phase"), 12);
    (void)fprintf(out, " %s", SAFE(field_text(measurement, "value")));
    if (*message && !strstr(told, message))
        (void)fprintf(out, "  %s", SAFE(message));
    (void)fputc('\n', out);
}

void put_counts(FILE *out, const cJSON *metric) {
    static const struct {
        const char *key, *word;
    } counts[] = {{"successful", "successful"},
                  {"failed", "failed"},
                  {"inconclusive", "inconclusive"},
                  {"error", "error"},
                  {"tooFewSamples", "with too few samples"}};
    for (size_t i = 0; i < ELEMENTS(counts); i++)
        if (field_number(metric, counts[i].key, 0) > 0)
            (void)fprintf(out, ", %.0f %s", field_number(metric, counts[i].key, 0), counts[i].word);
}

static void put_metric(struct writer *writer, FILE *out, const cJSON *metric) {
    const cJSON *measurements = field_of(metric, "measurements");
    const char *message = field_text(metric, "message");
    (void)fprintf(out, "    %s  ", SAFE(field_text(metric, "name")));
    put_phase(writer, out, field_text(metric, "phase"), 0);
    put_counts(out, metric);
    (void)fputc('\n', out);
    if (*message) {
        (void)fprintf(out, "%*s", INSIDE_INDENT, "");
        put_wrapped(writer, out, INSIDE_INDENT, INSIDE_INDENT, message);
    }
    int skip = measurements ? cJSON_GetArraySize(measurements) - MEASUREMENTS_SHOWN : 0;
    json_for_each(measurement, measurements) {
        if (skip-- <= 0)
            put_measurement(writer, out, measurement, message);
    }
}

/* A run that a metric ended says what that metric says. */
static bool told_by_metric(const cJSON *run) {
    json_for_each(metric, field_of(run, "metrics")) {
        if (*field_text(metric, "message") && strstr(field_text(run, "message"), field_text(metric, "message")))
            return true;
    }
    return false;
}

static void put_run(struct writer *writer, FILE *out, const cJSON *run) {
    double step = field_number(run, "stepIndex", -1);
    const char *message = field_text(run, "message");
    (void)fprintf(out, "  run %.0f: %s  ", field_number(run, "id", 0), SAFE(field_text(run, "name")));
    put_phase(writer, out, field_text(run, "phase"), 0);
    if (step >= 0)
        (void)fprintf(out, ", step %.0f\n", step + 1);
    else
        (void)fputs(", background\n", out);
    if (*message && !told_by_metric(run)) {
        (void)fputs("    ", out);
        put_wrapped(writer, out, 4, 4, message);
    }
    json_for_each(metric, field_of(run, "metrics")) put_metric(writer, out, metric);
}

/* ---------------------------------------------------------------- the whole */

static void put_balancers(struct writer *writer, FILE *out, const cJSON *rollout) {
    json_for_each(balancer, field_of(rollout, "balancers")) {
        if (strcmp(field_text(balancer, "link"), "up") == 0 && !*field_text(balancer, "problem"))
            continue;
        (void)fprintf(out, "\nHAProxy %s: ", SAFE(field_text(balancer, "socket")));
        put_phase(writer, out, field_text(balancer, "link"), 0);
        (void)fprintf(out, " %s\n", SAFE(field_text(balancer, "problem")));
    }
}

void view_rollout(struct writer *writer, FILE *out, const cJSON *rollout) {
    const cJSON *canary = field_of(rollout, "canary"), *runs = field_of(rollout, "analysis");
    put_head(writer, out, rollout);
    put_balancers(writer, out, rollout);
    put_role(writer, out, rollout, "stable", field_of(rollout, "stable"));
    put_role(writer, out, rollout, "canary", canary);
    put_role(writer, out, rollout, "preview", canary);
    put_role(writer, out, rollout, "previous", NULL);
    put_role(writer, out, rollout, "idle", NULL);
    if (runs && runs->child)
        (void)fprintf(out, "\n%sanalysis%s\n", paint(writer, PAINT_BOLD), paint(writer, PAINT_PLAIN));
    json_for_each(run, runs) put_run(writer, out, run);
}

void view_line(struct writer *writer, FILE *out, const cJSON *rollout) {
    const cJSON *step = field_of(rollout, "step");
    put_phase(writer, out, field_text(rollout, "phase"), 0);
    if (field_of(rollout, "canary") && field_of(rollout, "stable")) { /* the first version has no steps */
        (void)fprintf(out, ", step %.0f/%.0f, ", field_number(step, "index", 0), field_number(step, "count", 0));
        put_share(out, field_of(rollout, "weight"), "actual");
    }
    const char *message = field_text(rollout, "message");
    (void)fprintf(out, "%s%s\n", *message ? ": " : "", SAFE(message));
}
