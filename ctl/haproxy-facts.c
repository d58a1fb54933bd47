/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/haproxy-facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "spec/array.h"

#define SERVERS_MAX 1024 /* of a backend; what a template makes beyond is not looked at */
#define SERVER_WORDS 3   /* server NAME ADDRESS */
#define TIME_MAX (30 * 86400 * USEC_PER_SEC)

/* One backend as it is being read. */
struct reading {
    struct haproxy_backend_facts *backend;
    struct haproxy_server_facts template; /* what default-server says */
    const char *state_base;               /* of global */
    int result;
};

void haproxy_facts_done(struct haproxy_facts *facts) {
    for (size_t i = 0; i < facts->n_backends; i++)
        free(facts->backends[i].servers);
    free(facts->backends);
    facts->backends = NULL;
    facts->n_backends = 0;
}

const struct haproxy_backend_facts *haproxy_facts_backend(const struct haproxy_facts *facts, const char *name) {
    for (size_t i = 0; i < facts->n_backends; i++)
        if (strcmp(facts->backends[i].name, name) == 0)
            return &facts->backends[i];
    return NULL;
}

const struct haproxy_server_facts *haproxy_facts_server(const struct haproxy_backend_facts *backend, const char *name) {
    for (size_t i = 0; i < backend->n_servers; i++)
        if (strcmp(backend->servers[i].name, name) == 0)
            return &backend->servers[i];
    return NULL;
}

/* ---------------------------------------------------------------- servers */

static uint32_t number_of(const char *digits, uint32_t max) {
    unsigned long long number = strtoull(digits, NULL, 10);
    return number > max ? max : (uint32_t)number;
}

/* HAProxy's own notation: "500ms", "2s", "2000" (ms). 0: none that it takes, or "${INTER}". */
static usec_t time_of(const char *text) {
    static const struct {
        const char *unit;
        usec_t length;
    } units[] = {{"", USEC_PER_MSEC},        {"us", 1},
                 {"ms", USEC_PER_MSEC},      {"s", USEC_PER_SEC},
                 {"m", 60 * USEC_PER_SEC},   {"h", 3600 * USEC_PER_SEC},
                 {"d", 86400 * USEC_PER_SEC}};
    const char *unit = text + strspn(text, "0123456789");
    unsigned long long number = strtoull(text, NULL, 10);
    for (size_t i = 0; unit > text && i < ELEMENTS(units); i++)
        if (strcmp(units[i].unit, unit) == 0) {
            usec_t most = TIME_MAX / units[i].length;
            return (number < (unsigned long long)most ? (usec_t)number : most) * units[i].length;
        }
    return 0;
}

/* "127.0.0.1:9001", "ipv4@...", "[::1]:9001", "host:9001" */
static void set_address(struct haproxy_server_facts *server, const char *text) {
    const char *kind = strchr(text, '@'), *start = kind ? kind + 1 : text, *colon = strrchr(start, ':');
    bool unix_path =
        *start == '/' || strncmp(text, "unix", strlen("unix")) == 0 || strncmp(text, "abns", strlen("abns")) == 0;
    server->port = 0;
    server->address[0] = '\0';
    if (strchr(text, '$')) {
        server->port = PORT_UNTOLD;
        return;
    }
    if (unix_path || !colon || colon[1] < '0' || colon[1] > '9')
        return;
    server->port = (int)number_of(colon + 1, UINT16_MAX);
    size_t len = (size_t)(colon - start);
    if (len >= 2 && *start == '[' && start[len - 1] == ']') {
        start++;
        len -= 2;
    }
    if (len < sizeof server->address) {
        memcpy(server->address, start, len);
        server->address[len] = '\0';
    }
}

/* How it is checked. False: the word says something else. */
static bool take_check(struct haproxy_server_facts *server, const char *word, const char *value) {
    if (strcmp(word, "inter") == 0)
        server->inter = time_of(value);
    else if (strcmp(word, "fastinter") == 0)
        server->fastinter = time_of(value);
    else if (strcmp(word, "downinter") == 0)
        server->downinter = time_of(value);
    else if (strcmp(word, "rise") == 0)
        server->rise = number_of(value, UINT16_MAX);
    else
        return false;
    return true;
}

/* Words of `server` and `default-server` from the n-th on. */
static void take_settings(struct haproxy_server_facts *server, const struct haproxy_line *line, size_t n) {
    for (; n < line->n_words; n++) {
        const char *word = line->words[n], *value = haproxy_word(line, n + 1);
        bool no = strncmp(word, "no-", strlen("no-")) == 0;
        const char *name = no ? word + strlen("no-") : word;
        if (strcmp(name, "check") == 0)
            server->checked = !no;
        else if (strcmp(name, "agent-check") == 0)
            server->agent = !no;
        else if (strcmp(name, "backup") == 0)
            server->backup = !no;
        else if (STR_IN_SET(word, "disabled", "enabled"))
            server->disabled = *word == 'd';
        else if (strcmp(word, "weight") == 0)
            server->weight = number_of(value, UINT16_MAX);
        else if (strcmp(word, "cookie") == 0)
            (void)string_copy(server->cookie, sizeof server->cookie, value);
        else if (strcmp(word, "slowstart") == 0)
            server->slowstart = number_of(value, 1) > 0;
        else if (strcmp(word, "track") == 0)
            server->checked = server->tracks = true; /* it goes up and down with that one's checks */
        else if (take_check(server, word, value))
            n++;
        if (STR_IN_SET(word, "weight", "cookie", "slowstart", "track"))
            n++;
    }
}

static void add_server(struct reading *reading, const struct haproxy_line *line, const char *name,
                       const char *address) {
    struct haproxy_backend_facts *backend = reading->backend;
    if (backend->n_servers == SERVERS_MAX)
        return;
    struct haproxy_server_facts *server = ARRAY_ADD(backend->servers, backend->n_servers);
    if (!server) {
        reading->result = -ENOMEM;
        return;
    }
    *server = reading->template;
    server->line = line->number;
    (void)string_copy(server->name, sizeof server->name, name);
    set_address(server, address);
    take_settings(server, line, SERVER_WORDS);
    server->share = server->disabled || server->backup ? 0 : server->weight;
}

/* server-template PREFIX NUMBER|FIRST-LAST ADDRESS ... */
static void add_servers(struct reading *reading, const struct haproxy_line *line) {
    const char *range = haproxy_word(line, 2), *dash = strchr(range, '-');
    uint32_t first = dash ? number_of(range, UINT16_MAX) : 1, last = number_of(dash ? dash + 1 : range, UINT16_MAX);
    /* The settings begin one word later. */
    struct haproxy_line rest = {.number = line->number};
    if (line->n_words > 1) {
        rest.n_words = line->n_words - 1;
        rest.words = line->words + 1;
    }
    for (uint32_t number = first; number <= last && reading->backend->n_servers < SERVERS_MAX; number++) {
        char name[SERVER_NAME_MAX];
        (void)snprintf(name, sizeof name, "%.48s%u", haproxy_word(line, 1), number);
        add_server(reading, &rest, name, haproxy_word(line, 3));
        if (reading->result < 0)
            return;
    }
}

/* ---------------------------------------------------------------- backends */

static void take_balance(struct haproxy_backend_facts *backend, const struct haproxy_line *line) {
    const char *algorithm = haproxy_word(line, 1);
    (void)string_copy(backend->algorithm, sizeof backend->algorithm, algorithm);
    backend->algorithm[strcspn(backend->algorithm, "(")] = '\0'; /* random(2), hdr(host) */
    backend->algorithm_line = line->number;
}

static void take_retries(struct haproxy_backend_facts *backend, const struct haproxy_line *line) {
    backend->retries_connect = backend->retries_empty = false;
    for (size_t n = 1; n < line->n_words; n++) {
        bool all = strcmp(line->words[n], "all-retryable-errors") == 0;
        backend->retries_connect = backend->retries_connect || all || strcmp(line->words[n], "conn-failure") == 0;
        backend->retries_empty = backend->retries_empty || all || strcmp(line->words[n], "empty-response") == 0;
    }
}

static void take_state_file(struct reading *reading, const char *file) {
    struct haproxy_backend_facts *backend = reading->backend;
    if (!*file || strcmp(file, "use-backend-name") == 0)
        file = backend->name;
    bool joined = *file != '/' && *reading->state_base;
    (void)snprintf(backend->state_file, sizeof backend->state_file, "%.2000s%s%.2000s",
                   joined ? reading->state_base : "", joined ? "/" : "", file);
}

static void take_past(struct haproxy_backend_facts *backend, const struct haproxy_line *line) {
    const char *first = line->words[0], *second = haproxy_word(line, 1);
    if (strcmp(first, "stick") == 0 && !STR_IN_SET(second, "on", "match"))
        return;
    (void)snprintf(backend->past, sizeof backend->past, "%.11s %.11s", first,
                   strcmp(first, "use-server") == 0 ? "" : second);
    if (backend->past[strlen(backend->past) - 1] == ' ')
        backend->past[strlen(backend->past) - 1] = '\0';
    backend->past_line = line->number;
}

/* With `dynamic`, every server has a cookie without being told. */
static void take_cookie(struct haproxy_backend_facts *backend, const struct haproxy_line *line) {
    backend->cookies = true;
    for (size_t n = 2; n < line->n_words; n++)
        if (strcmp(line->words[n], "dynamic") == 0) {
            (void)string_copy(backend->past, sizeof backend->past, "cookie dynamic");
            backend->past_line = line->number;
        }
}

static void take_line(const struct haproxy_line *line, bool inherited, void *userdata) {
    struct reading *reading = userdata;
    struct haproxy_backend_facts *backend = reading->backend;
    const char *first = line->words[0], *second = haproxy_word(line, 1);
    bool no = strcmp(first, "no") == 0;
    if (strcmp(no ? second : first, "option") == 0 && strcmp(haproxy_word(line, no ? 2 : 1), "redispatch") == 0)
        backend->redispatch = !no;
    else if (strcmp(first, "mode") == 0)
        backend->tcp = strcmp(second, "tcp") == 0;
    else if (strcmp(first, "balance") == 0)
        take_balance(backend, line);
    else if (strcmp(first, "retry-on") == 0)
        take_retries(backend, line);
    else if (strcmp(first, "load-server-state-from-file") == 0)
        backend->reads_state = strcmp(second, "local") == 0;
    else if (strcmp(first, "server-state-file-name") == 0)
        take_state_file(reading, second);
    else if (strcmp(first, "cookie") == 0)
        take_cookie(backend, line);
    else if (STR_IN_SET(first, "stick", "use-server", "persist"))
        take_past(backend, line);
    else if (strcmp(first, "default-server") == 0)
        take_settings(&reading->template, line, 1);
    else if (strcmp(first, "server") == 0 && !inherited)
        add_server(reading, line, second, haproxy_word(line, 2));
    else if (strcmp(first, "server-template") == 0 && !inherited)
        add_servers(reading, line);
}

static void take_global(const struct haproxy_line *line, bool inherited, void *userdata) {
    const char **state_base = userdata;
    if (strcmp(line->words[0], "server-state-base") == 0)
        *state_base = haproxy_word(line, 1);
}

int haproxy_facts_from_config(const struct haproxy_config *config, const char *file, struct haproxy_facts *ret) {
    const char *state_base = "";
    *ret = (struct haproxy_facts){.from_file = true};
    (void)string_copy(ret->source, sizeof ret->source, file);
    for (size_t i = 0; i < config->n_sections; i++)
        if (strcmp(config->sections[i].kind, "global") == 0)
            haproxy_config_each(config, i, take_global, (void *)&state_base);
    for (size_t i = 0; i < config->n_sections; i++) {
        const struct haproxy_section *section = &config->sections[i];
        if (!STR_IN_SET(section->kind, "backend", "listen"))
            continue;
        struct haproxy_backend_facts *backend = ARRAY_ADD(ret->backends, ret->n_backends);
        if (!backend)
            return -ENOMEM;
        backend->line = section->line;
        backend->retries_connect = true; /* unless somebody says otherwise */
        (void)string_copy(backend->name, sizeof backend->name, section->name);
        struct reading reading = {.backend = backend, .template.weight = 1, .state_base = state_base};
        haproxy_config_each(config, i, take_line, &reading);
        if (reading.result < 0)
            return reading.result;
    }
    return 0;
}

/* ---------------------------------------------------------------- routes */

struct route_reading {
    char lookup[PATH_MAX]; /* "map_reg(FILE)" */
    struct haproxy_facts *facts;
};

static bool has_word_with(const struct haproxy_line *line, const char *text) {
    for (size_t n = 1; n < line->n_words; n++)
        if (strstr(line->words[n], text))
            return true;
    return false;
}

static void take_route_line(const struct haproxy_line *line, bool inherited, void *userdata) {
    struct route_reading *reading = userdata;
    struct haproxy_facts *facts = reading->facts;
    bool looks_up = has_word_with(line, reading->lookup);
    if (looks_up && strcmp(line->words[0], "http-request") == 0 && has_word_with(line, "req.hdrs,")) {
        facts->looks_routes_up = true;
        if (has_word_with(line, "nbsrv(") && !has_word_with(line, "stopping"))
            facts->forgetful_line = line->number;
    } else if (looks_up && strcmp(line->words[0], "http-response") == 0 && has_word_with(line, "srv_name,"))
        facts->gives_cookie = true;
    else if (strcmp(line->words[0], "use_backend") == 0 && strncmp(haproxy_word(line, 1), "%[", 2) == 0)
        facts->follows_routes = true;
}

void haproxy_facts_routes(const struct haproxy_config *config, const char *route_map, struct haproxy_facts *ret) {
    struct route_reading reading = {.facts = ret};
    (void)snprintf(reading.lookup, sizeof reading.lookup, "map_reg(%s)", route_map);
    for (size_t i = 0; i < config->n_sections; i++)
        haproxy_config_each(config, i, take_route_line, &reading);
}
