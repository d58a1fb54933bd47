/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "provider/prometheus-answer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/value.h"
#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/json-writer.h"
#include "common/json.h"
#include "common/text.h"

#define WARNING_SIZE_MAX 512

#define SHORT(text) text_escape((char[256]){0}, 256, text, strlen(text))

static size_t digits(const char *at) {
    return strspn(at, "0123456789");
}

/* JSON's own grammar, which Go's way of writing floats is a part of: so the text can be kept to the last digit. */
static bool is_number(const char *text) {
    if (*text == '-')
        text++;
    if (digits(text) == 0 || (text[0] == '0' && digits(text) > 1))
        return false;
    text += digits(text);
    if (*text == '.') {
        text++;
        if (digits(text) == 0)
            return false;
        text += digits(text);
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        if (*text == '+' || *text == '-')
            text++;
        if (digits(text) == 0)
            return false;
        text += digits(text);
    }
    return *text == '\0';
}

static int append_sample(struct buffer *value, const char *sample, struct error *err) {
    const char *text = strcmp(sample, "+Inf") == 0 ? "Infinity" : strcmp(sample, "-Inf") == 0 ? "-Infinity" : sample;
    if (text == sample && strcmp(sample, "NaN") != 0 && !(is_number(sample) && isfinite(strtod(sample, NULL))))
        return error_set(err, -EBADMSG, "Prometheus' answer holds \"%s\" where a number belongs", SHORT(sample));
    return buffer_puts(value, text);
}

/* The text of a pair [TIME, "TEXT"]. */
static int read_pair(const cJSON *pair, const char **ret, struct error *err) {
    const cJSON *time = cJSON_IsArray(pair) ? pair->child : NULL;
    const cJSON *text = time ? time->next : NULL;
    if (!text || text->next || !cJSON_IsNumber(time) || !cJSON_IsString(text))
        return error_set(err, -EBADMSG, "Prometheus' answer holds a sample that is not a time and a value");
    *ret = text->valuestring;
    return 0;
}

static int read_scalar(const cJSON *result, struct buffer *value, struct error *err) {
    const char *sample;
    int r = read_pair(result, &sample, err);
    return r < 0 ? r : append_sample(value, sample, err);
}

/* One more element of the array that VALUE is. */
static int append_element(const cJSON *pair, struct buffer *value, struct error *err) {
    const char *sample;
    int r = read_pair(pair, &sample, err);
    if (r == 0 && value->len > strlen("["))
        (void)buffer_puts(value, ",");
    return r < 0 ? r : append_sample(value, sample, err);
}

static int append_moment(const cJSON *series, struct buffer *value, struct error *err) {
    const cJSON *pair = cJSON_GetObjectItemCaseSensitive(series, "value");
    if (!pair && cJSON_GetObjectItemCaseSensitive(series, "histogram"))
        return error_set(err, -EBADMSG, "the query gives histograms, expected numbers: see histogram_quantile()");
    return append_element(pair, value, err);
}

static int append_range(const cJSON *series, struct buffer *value, struct error *err) {
    const cJSON *pairs = cJSON_GetObjectItemCaseSensitive(series, "values");
    int r = 0;
    if (cJSON_GetObjectItemCaseSensitive(series, "histograms"))
        return error_set(err, -EBADMSG, "the query gives histograms, expected numbers: see histogram_quantile()");
    if (!cJSON_IsArray(pairs))
        return error_set(err, -EBADMSG, "Prometheus' answer holds a range without values");
    for (const cJSON *pair = pairs->child; pair && r == 0; pair = pair->next)
        r = append_element(pair, value, err);
    return r;
}

static int read_series(const cJSON *result, int (*append)(const cJSON *, struct buffer *, struct error *),
                       struct buffer *value, struct error *err) {
    if (!cJSON_IsArray(result))
        return error_set(err, -EBADMSG, "Prometheus' answer holds series that are not an array");
    int n = cJSON_GetArraySize(result);
    if (n > PROMETHEUS_SERIES_MAX)
        return error_set(err, -E2BIG,
                         "the query gives %d series, at most %d are taken: aggregate them with sum() or avg()", n,
                         PROMETHEUS_SERIES_MAX);
    (void)buffer_puts(value, "[");
    for (const cJSON *series = result->child; series; series = series->next) {
        int r = append(series, value, err);
        if (r < 0)
            return r;
    }
    return buffer_puts(value, "]");
}

static int read_string(const cJSON *result, struct buffer *value, struct error *err) {
    const char *text;
    int r = read_pair(result, &text, err);
    if (r < 0)
        return r;
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(VALUE_TEXT_MAX);
    _cleanup_free_ char *written = NULL;
    json_put_string(&json, NULL, text);
    r = json_finish(&json, &written, NULL, err);
    return r < 0 ? r : buffer_puts(value, written);
}

static int malformed(int code, struct error *err) {
    (void)error_prefix(err, "Prometheus' answer");
    return code;
}

static int read_data(const cJSON *answer, struct buffer *value, struct error *err) {
    const cJSON *data;
    const char *type;
    int r = json_get_object(answer, "data", &data, err);
    if (r == 0)
        r = json_get_string(data, "resultType", &type, err);
    if (r < 0)
        return malformed(r, err);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(data, "result");

    if (strcmp(type, "vector") == 0)
        return read_series(result, append_moment, value, err);
    if (strcmp(type, "scalar") == 0)
        return read_scalar(result, value, err);
    if (strcmp(type, "string") == 0)
        return read_string(result, value, err);
    if (strcmp(type, "matrix") == 0)
        return read_series(result, append_range, value, err);
    return error_set(err, -EBADMSG, "Prometheus' answer is of the unknown type \"%s\"", SHORT(type));
}

/* "Prometheus warns: ONE; TWO", cut when it gets long. */
static int read_warnings(const cJSON *answer, char **ret, struct error *err) {
    const cJSON *warnings = NULL;
    int r = json_opt_array(answer, "warnings", &warnings, err);
    if (r < 0)
        return malformed(r, err);
    _cleanup_buffer_ struct buffer text = BUFFER(WARNING_SIZE_MAX);
    json_for_each(warning, warnings) {
        if (!cJSON_IsString(warning))
            return error_set(err, -EBADMSG, "Prometheus' answer holds a warning that is no text");
        if (buffer_printf(&text, "%s%s", text.len > 0 ? "; " : "Prometheus warns: ", SHORT(warning->valuestring)) < 0)
            break;
    }
    if (text.error == -ENOBUFS)
        text.error = 0;
    if (text.len > 0 && buffer_take(&text, ret, NULL) < 0)
        return error_set(err, -ENOMEM, "cannot read Prometheus' answer: no memory");
    return 0;
}

static int refused(const cJSON *answer, struct error *err) {
    const char *type = "error", *text = "no reason given";
    (void)json_opt_string(answer, "errorType", &type, NULL);
    (void)json_opt_string(answer, "error", &text, NULL);
    return error_set(err, -EREMOTEIO, "Prometheus says %s: %s", SHORT(type), SHORT(text));
}

int prometheus_answer(const char *body, size_t len, char **ret_value, char **ret_warning, struct error *err) {
    _cleanup_json_ cJSON *answer = NULL;
    const char *status;
    struct error why = {0};
    int r = json_parse(body, len, &answer, &why);
    if (r == 0)
        r = json_get_string(answer, "status", &status, &why);
    if (r < 0)
        return error_set(err, r == -ENOMEM ? r : -EBADMSG, "this is no answer of Prometheus: %s", why.text);
    if (strcmp(status, "error") == 0)
        return refused(answer, err);
    if (strcmp(status, "success") != 0)
        return error_set(err, -EBADMSG, "Prometheus' answer has the unknown status \"%s\"", SHORT(status));

    _cleanup_buffer_ struct buffer value = BUFFER(VALUE_TEXT_MAX);
    _cleanup_free_ char *warning = NULL;
    r = read_data(answer, &value, err);
    if (value.error == -ENOBUFS)
        return error_set(err, -E2BIG,
                         "the query gives more values than %zu bytes hold: aggregate them, or ask for fewer",
                         value.max);
    if (r == 0)
        r = read_warnings(answer, &warning, err);
    if (r < 0)
        return r;
    char *text;
    r = buffer_take(&value, &text, NULL);
    if (r < 0)
        return error_set(err, r, "cannot keep Prometheus' answer: %s", strerror(-r));
    *ret_value = text;
    *ret_warning = take_pointer(warning);
    return 0;
}
