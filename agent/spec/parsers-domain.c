/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/address.h"
#include "spec/array.h"
#include "spec/condition-check.h"
#include "spec/names.h"
#include "spec/parsers.h"
#include "spec/place.h"
#include "spec/spec.h"
#include "spec/steps.h"
#include "spec/window.h"

_Static_assert(sizeof(enum strategy) == sizeof(unsigned), "to_word() writes enums as unsigned");

static int out_of_memory(struct error *err) {
    return error_set(err, -ENOMEM, "out of memory");
}

VALUE_PARSER(to_provider) {
    unsigned index;
    int r = to_word(row, entry, &index, err);

    return r < 0 ? r : string_copy(field, sizeof((struct metric_spec *)NULL)->provider, entry->value);
}

VALUE_PARSER(to_unit) {
    if (!unit_template_valid(entry->value))
        return error_set(err, -EINVAL, "\"%s\" is no template unit, expected NAME@.service", SHOWN(entry->value));
    return string_copy(field, UNIT_NAME_MAX, entry->value);
}

VALUE_PARSER(to_release) {
    if (entry->value[0] != '/')
        return error_set(err, -EINVAL, "\"%s\" is no absolute path, expected one that begins with /",
                         SHOWN(entry->value));
    if (!specifiers_valid(entry->value, "v"))
        return error_set(err, -EINVAL, "unknown specifier in \"%s\", expected %%v (the version) or %%%%",
                         SHOWN(entry->value));
    return to_string(row, entry, field, err);
}

VALUE_PARSER(to_socket) {
    struct address address;
    int r = address_parse(entry->value, &address, err);

    return r < 0 ? r : string_copy(field, SOCKET_NAME_MAX, entry->value);
}

VALUE_PARSER(to_sockets) {
    struct haproxy_spec *haproxy = field;
    char socket[SOCKET_NAME_MAX];
    int r = to_socket(row, entry, socket, err);

    if (r < 0)
        return r;
    for (uint32_t i = 0; i < haproxy->n_sockets; i++)
        if (strcmp(haproxy->sockets[i], socket) == 0)
            return error_set(err, -EINVAL, "%s is given twice, expected one line per load balancer", socket);
    if (haproxy->n_sockets == BALANCERS_MAX)
        return error_set(err, -EINVAL, "more than %d load balancers, expected fewer", BALANCERS_MAX);
    return string_copy(haproxy->sockets[haproxy->n_sockets++], sizeof socket, socket);
}

VALUE_PARSER(to_backends) {
    struct haproxy_spec *haproxy = field;
    char backend[BACKEND_NAME_MAX];
    int r = to_name(row, entry, backend, err);

    if (r < 0)
        return r;
    for (uint32_t i = 0; i < haproxy->n_backends; i++)
        if (strcmp(haproxy->backends[i], backend) == 0)
            return error_set(err, -EINVAL, "%s is given twice, expected one line per backend", backend);
    if (haproxy->n_backends == BACKENDS_MAX)
        return error_set(err, -EINVAL, "more than %d backends, expected fewer", BACKENDS_MAX);
    return string_copy(haproxy->backends[haproxy->n_backends++], sizeof backend, backend);
}

/* What a pattern gives is looked at where it is longest. */
VALUE_PARSER(to_server) {
    char name[SERVER_NAME_MAX] = "";

    if (!specifiers_valid(entry->value, "cnH") || !strstr(entry->value, "%c") || !strstr(entry->value, "%n"))
        return error_set(err, -EINVAL, "bad pattern \"%s\", expected %%c (color) and %%n (number), also %%H (host)",
                         SHOWN(entry->value));
    int r = server_name(entry->value, "green", REPLICAS_MAX, name, sizeof name);
    if (r == -ENOSPC || strlen(entry->value) >= SERVER_NAME_MAX)
        return error_set(err, -EINVAL, "it gives names of more than %d bytes, expected shorter ones",
                         SERVER_NAME_MAX - 1);
    if (r < 0)
        return error_set(err, r, "%%H is not known: %s", strerror(-r));
    if (!balancer_name_valid(name))
        return error_set(err, -EINVAL,
                         "it gives \"%s\", which is no name of a server, expected letters, digits, - _ . :",
                         SHOWN(name));
    return string_copy(field, SERVER_NAME_MAX, entry->value);
}

VALUE_PARSER(to_window) {
    struct spec *spec = field;
    struct deploy_window window;
    int r = deploy_window_parse(entry->value, &window, err);

    if (r < 0)
        return r;
    char **added = ARRAY_ADD(spec->deploy_windows, spec->n_deploy_windows);
    return added && (*added = strdup(entry->value)) ? 0 : out_of_memory(err);
}

VALUE_PARSER(to_step) {
    struct spec *spec = field;

    if (spec->n_steps == STEPS_MAX)
        return error_set(err, -EINVAL, "more than %d steps, expected fewer", STEPS_MAX);
    int r = step_parse(entry->value, &spec->steps[spec->n_steps], err);
    if (r == 0)
        spec->n_steps++;
    return r;
}

VALUE_PARSER(to_analysis) {
    return analysis_use_add(field, entry->value, err);
}

VALUE_PARSER(to_condition) {
    if (!strstr(entry->value, "{{")) { /* otherwise checked when expanded */
        int r = condition_check_shown(entry->value, err);
        if (r < 0)
            return r;
    }
    return to_string(row, entry, field, err);
}

static int add_setting(const struct key_row *row, const struct document_entry *entry, struct setting **settings,
                       size_t *n_settings, struct error *err) {
    union {
        usec_t align;
        char bytes[1024];
    } dropped;

    if (row->check && !strstr(entry->value, "{{")) {
        int r = row->check(row, entry, &dropped, err);
        if (r < 0)
            return r;
    }
    struct setting *setting = ARRAY_ADD(*settings, *n_settings);
    if (!setting)
        return out_of_memory(err);
    *setting = (struct setting){
        .key = strdup(entry->key),
        .value = strdup(entry->value),
        .file = strdup(entry->file),
        .line = entry->line,
    };
    return setting->key && setting->value && setting->file ? 0 : out_of_memory(err);
}

VALUE_PARSER(to_metric_setting) {
    struct metric_spec *metric = field;

    return add_setting(row, entry, &metric->settings, &metric->n_settings, err);
}

VALUE_PARSER(to_party_setting) {
    struct party_spec *party = field;

    return add_setting(row, entry, &party->settings, &party->n_settings, err);
}
