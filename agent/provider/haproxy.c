/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Provider=haproxy: two readings of every balancer's counters, WindowSec= apart. Nothing is kept between questions: one
 * that is asked again after a restart of the agent begins its window anew. */
#include "provider/haproxy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "provider/haproxy-measure.h"
#include "provider/host.h"
#include "provider/settings.h"
#include "spec/place.h"
#include "traffic/connection.h"

#define DEADLINE (2 * USEC_PER_SEC)
#define REPLY_MAX ((size_t)4 << 20)
#define COMMANDS_MAX ((size_t)4096)

static int setting_measure(const char *value, void *field, struct error *err) {
    size_t n;
    const char *const *words = measure_names(&n);
    enum measure measure;
    if (measure_from_string(value, &measure) < 0)
        return error_set(err, -EINVAL, "HAProxy measures no such thing%s", DID_YOU_MEAN(value, words, n));
    *(enum measure *)field = measure;
    return 0;
}

enum side { SIDE_CANARY, SIDE_STABLE };

static int setting_side(const char *value, void *field, struct error *err) {
    bool stable = strcmp(value, "stable") == 0;
    if (!stable && strcmp(value, "canary") != 0)
        return error_set(err, -EINVAL, "neither canary nor stable");
    *(enum side *)field = stable ? SIDE_STABLE : SIDE_CANARY;
    return 0;
}

struct haproxy_settings {
    enum measure measure;
    enum side of;
    usec_t window;
};

static const struct setting_row rows[] = {
    {"Measure", setting_measure, offsetof(struct haproxy_settings, measure), false, "error-ratio"},
    {"Of", setting_side, offsetof(struct haproxy_settings, of), false, "canary"},
    {"WindowSec", setting_timeout, offsetof(struct haproxy_settings, window), false, "1min"},
};

static int check(const struct metric_spec *metric, struct error *err) {
    return settings_read(rows, ELEMENTS(rows), metric, false, &(struct haproxy_settings){0}, err);
}

/* One balancer. */
struct source {
    struct window *window;
    char socket[SOCKET_NAME_MAX];
    struct address address;
    struct connection *connection; /* NULL: it has answered */
    usec_t read_at;                /* CLOCK_BOOTTIME, of the first reading */
};

/* A question from its first reading to its answer. */
struct window {
    struct pending pending; /* first: the host hands it back */
    struct provider_host *host;
    uint64_t token;
    struct haproxy_settings settings;
    enum color color;
    struct haproxy_names names;
    struct buffer commands;
    sd_event_source *timer; /* between the readings */
    bool closing;           /* the second reading is under way */
    size_t n;
    struct source sources[BALANCERS_MAX];
    struct haproxy_window *readings; /* n */
};

static struct window *window_free(struct window *window) {
    if (!window)
        return NULL;
    for (size_t i = 0; i < window->n; i++)
        connection_free(window->sources[i].connection);
    sd_event_source_disable_unref(window->timer);
    buffer_reset(&window->commands);
    free(window->readings);
    free(window);
    return NULL;
}

static void cleanup_window(struct window **place) {
    *place = window_free(*place);
}

static void cancel(struct pending *pending) {
    window_free((struct window *)pending);
}

static void finish(struct window *window, const char *value, const char *message) {
    struct provider_host *host = window->host;
    uint64_t token = window->token;
    provider_host_remove(host, &window->pending);
    window_free(window);
    provider_host_answer(host, token, value ? ANSWER_VALUE : ANSWER_ERROR, value, message);
}

static void fail(struct window *window, const char *socket, const char *why) {
    char sentence[ERROR_TEXT_MAX + SOCKET_NAME_MAX + 16];
    (void)snprintf(sentence, sizeof sentence, "HAProxy at %s: %s", socket, why);
    finish(window, NULL, sentence);
}

static usec_t now_boottime(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

static int begin_reading(struct window *window, struct error *err);

static int on_window_over(sd_event_source *timer, uint64_t usec, void *userdata) {
    struct window *window = userdata;
    struct error why = {0};
    window->closing = true;
    if (begin_reading(window, &why) < 0)
        finish(window, NULL, why.text);
    return 0;
}

/* Everybody has answered. */
static void next(struct window *window) {
    char value[MEASURED_MAX];
    struct error why = {0};
    if (window->closing) {
        int r = haproxy_measure(window->settings.measure, window->readings, window->n, value, &why);
        finish(window, r < 0 ? NULL : value, r < 0 ? why.text : NULL);
        return;
    }
    int r = sd_event_add_time_relative(provider_host_event(window->host), &window->timer, CLOCK_BOOTTIME,
                                       (uint64_t)window->settings.window, 0, on_window_over, window);
    if (r < 0)
        finish(window, NULL, "cannot set a timer");
}

static const char *describe(int code) {
    switch (code) {
    case 0:
        return "it hung up without an answer";
    case -ENOENT:
    case -ECONNREFUSED:
        return "it does not listen there";
    case -EACCES:
    case -EPERM:
        return "no permission: is group haproxy missing?";
    case -ETIMEDOUT:
        return "no answer within 2s";
    case -EAGAIN:
        return "too many others wait for it";
    case -ENOBUFS:
        return "a longer answer than expected";
    default:
        return strerror(-code);
    }
}

static int take_reading(struct source *source, int code, struct buffer *reply, struct error *err) {
    struct window *window = source->window;
    struct haproxy_window *reading = &window->readings[source - window->sources];
    struct haproxy_stats *stats = window->closing ? &reading->after : &reading->before;
    usec_t now = now_boottime();
    if (code < 0 || reply->len == 0)
        return error_set(err, -EIO, "%s", describe(code));
    int r = haproxy_stats_read(&window->names, window->color, buffer_text(&window->commands), reply->data, reply->len,
                               stats, err);
    if (r < 0)
        return r;
    if (stats->info.stopping)
        return error_set(err, -EAGAIN, "the answer came from a worker that is ending");
    if (window->closing)
        reading->between = now - source->read_at;
    source->read_at = now;
    return 0;
}

static void on_answer(void *userdata, int code, struct buffer *reply) {
    struct source *source = userdata;
    struct window *window = source->window;
    struct error why = {0};
    int r = take_reading(source, code, reply, &why);
    if (r < 0) {
        char socket[SOCKET_NAME_MAX];
        (void)string_copy(socket, sizeof socket, source->socket); /* ends with the window */
        fail(window, socket, why.text);
        return;
    }
    source->connection = connection_free(source->connection);
    for (size_t i = 0; i < window->n; i++)
        if (window->sources[i].connection)
            return;
    next(window);
}

static int begin_reading(struct window *window, struct error *err) {
    for (size_t i = 0; i < window->n; i++) {
        struct source *source = &window->sources[i];
        int r = connection_ask(provider_host_event(window->host), &source->address, buffer_text(&window->commands),
                               DEADLINE, REPLY_MAX, on_answer, source, &source->connection);
        if (r < 0)
            return error_set(err, r, "cannot ask HAProxy at %s: %s", source->socket, strerror(-r));
    }
    return 0;
}

static int add_sources(struct window *window, const struct haproxy_spec *haproxy, struct error *err) {
    for (uint32_t i = 0; i < haproxy->n_sockets; i++) {
        struct source *source = &window->sources[i];
        int r = address_parse(haproxy->sockets[i], &source->address, err);
        if (r < 0)
            return r;
        source->window = window;
        (void)string_copy(source->socket, sizeof source->socket, haproxy->sockets[i]);
    }
    if (haproxy->n_sockets == 0)
        return error_set(err, -EINVAL, "no HAProxy to ask: [HAProxy] has no Socket=");
    window->n = haproxy->n_sockets;
    window->readings = calloc(window->n, sizeof *window->readings);
    window->commands = BUFFER(COMMANDS_MAX);
    if (!window->readings || haproxy_stats_commands(&window->names, &window->commands) < 0)
        return error_set(err, -ENOMEM, "cannot ask HAProxy: no memory");
    return 0;
}

static int ask(struct provider_host *host, const struct metric_spec *metric, const struct subject *subject,
               uint64_t token, struct error *err) {
    _cleanup_(cleanup_window) struct window *window = calloc(1, sizeof *window);
    if (!window)
        return error_set(err, -ENOMEM, "cannot ask HAProxy: no memory");
    int r = settings_read(rows, ELEMENTS(rows), metric, true, &window->settings, err);
    if (r >= 0)
        r = haproxy_names_load(subject->spec, &window->names, err);
    if (r >= 0)
        r = add_sources(window, &subject->spec->haproxy, err);
    if (r < 0)
        return r;
    window->pending.cancel = cancel;
    window->host = host;
    window->token = token;
    window->color = window->settings.of == SIDE_CANARY ? subject->canary : subject->stable;
    r = provider_host_add(host, &window->pending, err);
    if (r < 0)
        return r;
    r = begin_reading(window, err);
    if (r < 0)
        provider_host_remove(host, &window->pending);
    else
        window = NULL; /* the host's now */
    return r;
}

const struct provider haproxy_provider = {.name = "haproxy", .check = check, .ask = ask};
