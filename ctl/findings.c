/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/findings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "spec/array.h"

void findings_add(struct findings *findings, enum severity severity, const char *place, const char *format, ...) {
    va_list arguments;
    char *text = NULL;
    findings->n_errors += severity == SEVERITY_ERROR;
    va_start(arguments, format);
    int r = vasprintf(&text, format, arguments);
    va_end(arguments);
    struct finding *finding = r < 0 ? NULL : ARRAY_ADD(findings->list, findings->n);
    if (r >= 0 && !finding)
        free(text);
    if (finding)
        *finding = (struct finding){.severity = severity, .place = place ? strdup(place) : NULL, .text = text};
}

void findings_add_text(struct findings *findings, const char *text) {
    const char *end = strstr(text, ": "), *digits = end;
    while (digits && digits > text && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    if (!digits || digits == end || digits == text || digits[-1] != ':') {
        findings_add(findings, SEVERITY_ERROR, NULL, "%s", text);
        return;
    }
    char place[ERROR_TEXT_MAX];
    (void)snprintf(place, sizeof place, "%.*s", (int)(end - text), text);
    findings_add(findings, SEVERITY_ERROR, place, "%s", end + 2);
}

void findings_done(struct findings *findings) {
    for (size_t i = 0; i < findings->n; i++) {
        free(findings->list[i].place);
        free(findings->list[i].text);
    }
    free(findings->list);
    *findings = (struct findings){0};
}

void findings_put(const struct findings *findings, struct json_writer *json) {
    json_open_array(json, "findings");
    for (size_t i = 0; i < findings->n; i++) {
        const struct finding *finding = &findings->list[i];
        json_open_object(json, NULL);
        json_put_string(json, "severity", finding->severity == SEVERITY_ERROR ? "error" : "warning");
        json_put_text(json, "place", finding->place);
        json_put_text(json, "message", finding->text);
        json_close(json);
    }
    json_close(json);
}
