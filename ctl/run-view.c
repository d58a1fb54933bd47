/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One analysis run as a person reads it: what was asked, each measurement and how it was judged, and why it ended. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "ctl/people.h"
#include "ctl/tree.h"

/* Whole, however long: it is what one copies to ask again. */
static void put_line(FILE *out, const char *title, const char *text) {
    size_t size = 4 * strlen(text) + 1;
    _cleanup_free_ char *safe = malloc(size);
    if (safe && *text)
        (void)fprintf(out, "    %-10s %s\n", title, safe_text(text, safe, size));
}

static void put_asked(FILE *out, const cJSON *metric) {
    double interval = field_number(metric, "intervalSec", 0), count = field_number(metric, "count", 0);
    put_line(out, "provider", field_text(metric, "provider"));
    json_for_each(setting, field_of(metric, "settings")) {
        if (cJSON_IsString(setting) && strncmp(setting->valuestring, "Query=", strlen("Query=")) != 0)
            put_line(out, "", setting->valuestring);
    }
    put_line(out, "query", field_text(metric, "query"));
    put_line(out, "baseline", field_text(metric, "baselineQuery"));
    put_line(out, "samples", field_text(metric, "samplesQuery"));
    put_line(out, "success", field_text(metric, "successCondition"));
    put_line(out, "failure", field_text(metric, "failureCondition"));
    if (interval > 0)
        (void)fprintf(out, "    %-10s every %s", "times", SPAN((usec_t)(interval * USEC_PER_SEC)));
    if (interval > 0 && count > 0)
        (void)fprintf(out, ", %.0f times", count);
    (void)fputs(interval > 0 ? "\n" : "", out);
}

/* "0.91 >= 0.95": the condition that decided; where none did, those that didn't. */
static void put_judged(FILE *out, const cJSON *measurement) {
    const char *success = field_text(measurement, "success"), *failure = field_text(measurement, "failure");
    if (*success)
        (void)fprintf(out, "  success: %s", SAFE(success));
    if (*failure)
        (void)fprintf(out, "  failure: %s", SAFE(failure));
}

static void put_measurement(struct writer *writer, FILE *out, const cJSON *measurement) {
    const char *time = field_text(measurement, "time"), *samples = field_text(measurement, "samples");
    const char *baseline = field_text(measurement, "baseline"), *message = field_text(measurement, "message");
    (void)fprintf(out, "    %.8s ", strlen(time) > 19 ? time + 11 : "--------");
    put_phase(writer, out, field_text(measurement, "phase"), 12);
    (void)fprintf(out, " %s", SAFE(field_text(measurement, "value")));
    if (*baseline)
        (void)fprintf(out, "  baseline %s", SAFE(baseline));
    if (*samples)
        (void)fprintf(out, "  %s samples", SAFE(samples));
    put_judged(out, measurement);
    if (*message)
        (void)fprintf(out, "\n             %s", SAFE(message));
    (void)fputc('\n', out);
}

static void put_metric(struct writer *writer, FILE *out, const cJSON *metric) {
    bool dry_run = false;
    (void)json_opt_bool(metric, "dryRun", &dry_run, NULL);
    (void)fprintf(out, "\n  %s%s%s  ", paint(writer, PAINT_BOLD), SAFE(field_text(metric, "name")),
                  paint(writer, PAINT_PLAIN));
    put_phase(writer, out, field_text(metric, "phase"), 0);
    (void)fputs(dry_run ? ", a dry run: it has no say" : "", out);
    put_counts(out, metric);
    (void)fputc('\n', out);
    put_line(out, "", field_text(metric, "message"));
    put_asked(out, metric);
    json_for_each(measurement, field_of(metric, "measurements")) put_measurement(writer, out, measurement);
}

static void put_whose(FILE *out, const cJSON *run) {
    double step = field_number(run, "stepIndex", -1), revision = field_number(run, "revision", 0);
    char by[64];
    if (revision == 0)
        (void)fprintf(out, "  by hand, by %s", person(field_of(run, "by"), by, sizeof by));
    else if (step >= 0)
        (void)fprintf(out, "  revision %.0f, step %.0f", revision, step + 1);
    else
        (void)fprintf(out, "  revision %.0f, in the background", revision);
}

void view_run(struct writer *writer, FILE *out, const cJSON *run) {
    char started[64], finished[64];
    (void)fprintf(out, "%srun %.0f%s: %s  ", paint(writer, PAINT_BOLD), field_number(run, "id", 0),
                  paint(writer, PAINT_PLAIN), SAFE(field_text(run, "name")));
    put_phase(writer, out, field_text(run, "phase"), 0);
    (void)fputc('\n', out);
    put_whose(out, run);
    (void)fprintf(out, ", %s to %s\n", point_of_time(field_text(run, "started"), started, sizeof started),
                  point_of_time(field_text(run, "finished"), finished, sizeof finished));
    if (*field_text(run, "message"))
        (void)fprintf(out, "  %s\n", SAFE(field_text(run, "message")));
    json_for_each(metric, field_of(run, "metrics")) put_metric(writer, out, metric);
}
