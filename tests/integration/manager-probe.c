/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drives the instance manager by hand, inside a test machine:
 *     manager-probe APP TEMPLATE INSTANCES-DIR N   orders on standard input, one a line: "start blue-1", "stop
 * green-2", "watch 3"; what is told comes as JSON lines. Ends with its input. manager-probe permit APP as rolloutctl
 * permit would */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/json-writer.h"
#include "common/text.h"
#include "core/words.h"
#include "ctl/permit.h"
#include "instance/systemd.h"

static const char *const state_words[] = {
    [UNIT_INACTIVE] = "inactive", [UNIT_STARTING] = "starting", [UNIT_ACTIVE] = "active",
    [UNIT_STOPPING] = "stopping", [UNIT_FAILED] = "failed",     [UNIT_RESTARTING] = "restarting",
};

struct probe {
    sd_event *event;
    struct manager manager;
    uint64_t token;
    char input[4096];
    size_t len;
};

static usec_t now_on(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

static void begin_line(struct json_writer *json, const char *event, enum color color, uint32_t number) {
    json_open_object(json, NULL);
    json_put_string(json, "event", event);
    json_put_usec(json, "at", now_on(CLOCK_MONOTONIC));
    json_put_string(json, "instance", INSTANCE_NAME(color, number));
}

static void end_line(struct json_writer *json) {
    _cleanup_free_ char *text = NULL;
    json_close(json);
    if (json_finish(json, &text, NULL, NULL) < 0)
        abort();
    (void)printf("%s\n", text);
    (void)fflush(stdout);
}

static void on_seen(void *userdata, enum color color, uint32_t number, const struct unit_seen *seen) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(4096);
    char id[33];
    for (size_t i = 0; i < sizeof(seen->invocation.bytes); i++)
        (void)snprintf(id + 2 * i, 3, "%02x", seen->invocation.bytes[i]);
    begin_line(&json, "seen", color, number);
    json_put_bool(&json, "known", seen->known);
    json_put_string(&json, "state", state_words[seen->state]);
    json_put_bool(&json, "job", seen->job);
    json_put_bool(&json, "missing", seen->missing);
    json_put_string(&json, "invocation", id);
    json_put_u32(&json, "restarts", seen->restarts);
    json_put_u32(&json, "envRevision", seen->env_revision);
    json_put_i64(&json, "activeForUsec", seen->active_since ? now_on(CLOCK_BOOTTIME) - seen->active_since : -1);
    json_put_string(&json, "result", seen->result);
    end_line(&json);
}

static void on_done(void *userdata, enum color color, uint32_t number, uint64_t token, int result,
                    const char *sentence) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(4096);
    begin_line(&json, "done", color, number);
    json_put_i64(&json, "token", (int64_t)token);
    json_put_string(&json, "result", result < 0 ? strerrorname_np(-result) : "0");
    json_put_string(&json, "sentence", sentence);
    end_line(&json);
}

static void give_order(struct probe *probe, const char *verb, const char *instance) {
    enum color color;
    uint32_t number;
    if (instance_from_name(instance, &color, &number) < 0)
        return;
    struct unit_order order = {
        .kind = strcmp(verb, "start") == 0 ? UNIT_START : UNIT_STOP,
        .color = (uint8_t)color,
        .number = (uint8_t)number,
    };
    int r = probe->manager.order(probe->manager.self, &order, "", ++probe->token);
    if (r < 0)
        on_done(probe, color, number, probe->token, r, "not even begun");
}

static void obey(struct probe *probe, char *line) {
    char *argument = strchr(line, ' ');
    if (!argument)
        return;
    *argument++ = '\0';
    if (strcmp(line, "watch") == 0)
        (void)probe->manager.watch(probe->manager.self, (uint32_t)strtoul(argument, NULL, 10));
    else
        give_order(probe, line, argument);
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
    struct probe *probe = userdata;
    ssize_t n = read(fd, probe->input + probe->len, sizeof(probe->input) - 1 - probe->len);
    if (n <= 0)
        return sd_event_exit(probe->event, 0);
    probe->len += (size_t)n;
    probe->input[probe->len] = '\0';

    char *line = probe->input;
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        obey(probe, line);
    }
    probe->len = strlen(line);
    memmove(probe->input, line, probe->len + 1);
    return 0;
}

static int run(struct probe *probe, const char *const *arguments) {
    struct spec spec = {0};
    struct error err = {0};
    const struct manager_callbacks callbacks = {.userdata = probe, .seen = on_seen, .done = on_done};
    int r = sd_event_default(&probe->event);
    if (r >= 0)
        r = sd_event_add_io(probe->event, NULL, STDIN_FILENO, EPOLLIN, on_input, probe);
    if (r < 0)
        return r;
    (void)string_copy(spec.app, sizeof(spec.app), arguments[0]);
    (void)string_copy(spec.unit, sizeof(spec.unit), arguments[1]);
    r = systemd_manager_new(probe->event, &spec, arguments[2], &callbacks, &probe->manager, &err);
    if (r < 0) {
        (void)fprintf(stderr, "manager-probe: %s\n", err.text);
        return r;
    }
    r = probe->manager.watch(probe->manager.self, (uint32_t)strtoul(arguments[3], NULL, 10));
    return r < 0 ? r : sd_event_loop(probe->event);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "permit") == 0) {
        struct error err = {0};
        int r = permit_app(argv[2], &err);
        if (r < 0)
            (void)fprintf(stderr, "manager-probe: %s\n", err.text);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (argc != 5) {
        (void)fprintf(stderr, "usage: manager-probe APP TEMPLATE INSTANCES-DIR N | manager-probe permit APP\n");
        return 2;
    }
    struct probe probe = {0};
    int r = run(&probe, (const char *const *)argv + 1);
    (void)systemd_manager_close(&probe.manager);
    sd_event_unref(probe.event);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
