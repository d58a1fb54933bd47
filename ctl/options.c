/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "common/timespan.h"
#include "ctl/ctl.h"

/* letter "": none; argument NULL: none */
static const struct option_text texts[] = {
    {OPTION_ENV, "--env", "", "KEY=VALUE", "give this to the new version's environment (repeatable)"},
    {OPTION_ARG, "--arg", "-a", "KEY=VALUE", "give the analysis this argument (repeatable)"},
    {OPTION_FULL, "--full", "", NULL, "skip all steps and analysis that are left"},
    {OPTION_NOW, "--now", "", NULL, "do not wait for a deploy window"},
    {OPTION_TO_REVISION, "--to-revision", "", "NUMBER", "go back to this one instead"},
    {OPTION_WATCH, "--watch", "-w", NULL, "stay, and show what happens"},
    {OPTION_UNTIL, "--until", "", "paused", "watch, and be content when it is Paused"},
    {OPTION_TIMEOUT, "--timeout", "", "TIME", "stop waiting after this (30min) and exit 3"},
    {OPTION_FOLLOW, "--follow", "-f", NULL, "stay, and show what comes"},
    {OPTION_LINES, "--lines", "-n", "NUMBER", "only the latest so many messages (10 with --follow)"},
    {OPTION_SINCE, "--since", "-S", "TIME", "only messages from then on: \"10 min ago\", \"2026-11-23 10:00\""},
    {OPTION_HAPROXY, "--haproxy", "", "FILE", "look at this haproxy.cfg instead of the HAProxy that runs"},
    {OPTION_STRATEGY, "--strategy", "", "canary|blueGreen", "how versions go live (canary)"},
    {OPTION_REPLICAS, "--replicas", "", "NUMBER", "instances of each color (2)"},
    {OPTION_PORT, "--port", "", "NUMBER", "port of blue-1, the others follow (9001)"},
    {OPTION_RELEASE, "--release", "", "FOLDER", "where version %v lies (/srv/APP/releases/%v)"},
    {OPTION_EXEC, "--exec", "", "COMMAND", "what an instance runs, from the release's folder on (bin/APP)"},
    {OPTION_BIND, "--bind", "", "ADDRESS:PORT", "write a frontend, too, for requests that come in there"},
    {OPTION_DIR, "--dir", "", "FOLDER", "write the files there, not where they take effect"},
    {OPTION_OUTPUT, "--output", "-o", "text|json", "how results are written"},
    {OPTION_HELP, "--help", "-h", NULL, "show this help"},
};

const struct option_text *option_text(size_t n) {
    return n < ELEMENTS(texts) ? &texts[n] : NULL;
}

/* Finds "--name", "--name=VALUE" or a letter; *ret_value is what stands behind =. */
static const struct option_text *find_option(const char *word, const char **ret_value) {
    size_t len = strcspn(word, "=");
    *ret_value = word[len] == '=' ? word + len + 1 : NULL;
    for (const struct option_text *text = texts; text < texts + ELEMENTS(texts); text++) {
        if (strlen(text->name) == len && strncmp(text->name, word, len) == 0)
            return text;
        if (*text->letter && strcmp(text->letter, word) == 0)
            return text;
    }
    return NULL;
}

static int unknown_option(const struct verb *verb, const char *word, struct error *err) {
    const char *names[ELEMENTS(texts)];
    size_t n = 0;
    for (size_t i = 0; i < ELEMENTS(texts); i++)
        if (verb->options & texts[i].bit)
            names[n++] = texts[i].name;
    const char *meant = nearest(word, names, n);
    return error_set(err, -EINVAL, "%s takes no option %s%s%s%s", verb->name, SAFE(word),
                     meant ? ", did you mean " : "", meant ? meant : "", meant ? "?" : "");
}

static int take_pair(struct invocation *ret, const char *option, const char *value, struct error *err) {
    if (ret->n_pairs == PAIRS_MAX)
        return error_set(err, -EINVAL, "%s: more than %d", option, PAIRS_MAX);
    if (!strchr(value, '=') || *value == '=')
        return error_set(err, -EINVAL, "%s %s: expected KEY=VALUE", option, SAFE(value));
    ret->pairs[ret->n_pairs++] = value;
    return 0;
}

static int take_number(const char *option, const char *value, uint32_t *ret, struct error *err) {
    if (!text_to_u32(value, ret) || *ret == 0)
        return error_set(err, -EINVAL, "%s %s: expected a number from 1 on", option, SAFE(value));
    return 0;
}

static int take_option(struct invocation *ret, enum option bit, const char *value, struct error *err) {
    switch (bit) {
    case OPTION_OUTPUT:
        if (!STR_IN_SET(value, "text", "json"))
            return error_set(err, -EINVAL, "--output %s: expected text or json", SAFE(value));
        ret->writer->json = strcmp(value, "json") == 0;
        return 0;
    case OPTION_WATCH:
        ret->watch = true;
        return 0;
    case OPTION_UNTIL:
        if (strcmp(value, "paused") != 0)
            return error_set(err, -EINVAL, "--until %s: expected paused", SAFE(value));
        ret->watch = ret->until_paused = true;
        return 0;
    case OPTION_TIMEOUT:
        if (timespan_parse(value, &ret->timeout, err) < 0)
            return error_prefix(err, "--timeout");
        if (ret->timeout == 0)
            return error_set(err, -EINVAL, "--timeout %s: expected a time like 30min", SAFE(value));
        return 0;
    case OPTION_ENV:
        return take_pair(ret, "--env", value, err);
    case OPTION_ARG:
        return take_pair(ret, "--arg", value, err);
    case OPTION_FULL:
        ret->full = true;
        return 0;
    case OPTION_NOW:
        ret->now = true;
        return 0;
    case OPTION_TO_REVISION:
        return take_number("--to-revision", value, &ret->to_revision, err);
    case OPTION_REPLICAS:
        return take_number("--replicas", value, &ret->replicas, err);
    case OPTION_PORT:
        return take_number("--port", value, &ret->port, err);
    case OPTION_STRATEGY:
        if (strategy_from_string(value, &ret->strategy) < 0)
            return error_set(err, -EINVAL, "--strategy %s: expected canary or blueGreen", SAFE(value));
        return 0;
    case OPTION_RELEASE:
        ret->release = value;
        return 0;
    case OPTION_EXEC:
        ret->command = value;
        return 0;
    case OPTION_BIND:
        ret->bind = value;
        return 0;
    case OPTION_DIR:
        ret->dir = value;
        return 0;
    case OPTION_FOLLOW:
        ret->follow = true;
        return 0;
    case OPTION_LINES:
        if (strcmp(value, "all") != 0 && (*value == '\0' || strlen(value) > 9 || value[strspn(value, "0123456789")]))
            return error_set(err, -EINVAL, "--lines %s: expected a number, or all", SAFE(value));
        ret->lines = value;
        return 0;
    case OPTION_SINCE:
        ret->since = value;
        return 0;
    case OPTION_HAPROXY:
        ret->haproxy = value;
        return 0;
    case OPTION_HELP:
        ret->help = true;
        return 0;
    }
    return -EINVAL;
}

/* Options may stand anywhere; behind "--" there are none. */
int options_parse(const struct verb *verb, int argc, char **argv, struct invocation *ret, struct error *err) {
    bool options = true;
    ret->verb = verb;
    ret->arguments = argv;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i], *value;
        if (!options || word[0] != '-' || word[1] == '\0') {
            ret->arguments[ret->n_arguments++] = argv[i];
            continue;
        }
        if (strcmp(word, "--") == 0) {
            options = false;
            continue;
        }
        const struct option_text *text = find_option(word, &value);
        if (!text || !(verb->options & text->bit))
            return unknown_option(verb, word, err);
        if (!text->argument && value)
            return error_set(err, -EINVAL, "%s takes no value", text->name);
        if (text->argument && !value && i + 1 == argc)
            return error_set(err, -EINVAL, "%s: expected %s", text->name, text->argument);
        if (text->argument && !value)
            value = argv[++i];
        int r = take_option(ret, text->bit, value, err);
        if (r < 0)
            return r;
    }
    if (!ret->help && (ret->n_arguments < verb->least || ret->n_arguments > verb->most))
        return error_set(err, -EINVAL, "%s: expected %s", verb->name,
                         *verb->arguments ? verb->arguments : "no argument");
    return 0;
}
