/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* {{NAME}} in a text: whose value it is, and the text with it filled in. */
#include "spec/placeholder.h"

#include <errno.h>
#include <string.h>

#include "common/buffer.h"
#include "spec/place.h"
#include "spec/use.h"

#define EXPANDED_MAX ((size_t)256 * 1024)
#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
#define PLACEHOLDER_MAX 128

/* Secrets stay as they are until a provider asks: they must not come into the state, the log or the API. */
#define CREDENTIAL "credential."

/* What the agent tells when a run begins (agent-runs.c): a line here for each, and one in the manual. */
static const char *const builtin_names[] = {
    "args.app",       "args.backend", "canary.color",     "canary.instances", "canary.ports",   "canary.servers",
    "canary.version", "stable.color", "stable.instances", "stable.ports",     "stable.servers", "stable.version",
};

static const char *value_of(const struct argument *args, size_t n, const char *prefix, const char *name) {
    size_t skip = strlen(prefix);

    for (size_t i = 0; i < n; i++)
        if (strncmp(args[i].name, prefix, skip) == 0 && strcmp(args[i].name + skip, name) == 0)
            return args[i].value;
    return NULL;
}

static const char *given_value(const struct expansion *how, const char *name) {
    size_t index = 0;

    for_each_use_arg(arg, how->use) {
        const char *value = use_arg_value(arg, name);
        if (value) {
            how->asked_for[index] = true;
            return value;
        }
        index++;
    }
    return NULL;
}

const char *expansion_argument(const struct expansion *how, const char *name) {
    const char *value = given_value(how, name);

    if (!value)
        value = value_of(how->spec->args, how->spec->n_args, "", name);
    if (!value)
        value = value_of(how->builtins, how->n_builtins, "args.", name);
    return value;
}

/* The value of {{args.NAME}}: what it is asked with, the app's, the agent's, the template's own; NULL when none has
 * one. */
static const char *argument_value(const struct expansion *how, const char *name) {
    const char *value = expansion_argument(how, name);

    return value ? value : value_of(how->template->args, how->template->n_args, "", name);
}

/* *ret is NULL when the value is one that is known later. */
static int look_up(const struct expansion *how, const char *name, const char **ret, struct error *err) {
    bool argument = strncmp(name, "args.", 5) == 0;
    bool builtin = str_in_set(name, builtin_names, ELEMENTS(builtin_names));
    const char *value = argument ? argument_value(how, name + 5) : value_of(how->builtins, how->n_builtins, "", name);

    if (value && strstr(value, "{{"))
        return error_set(err, -EINVAL, "the value of {{%s}} holds {{, expected plain text", name);
    if (!value && (how->builtins || !builtin)) {
        if (argument)
            return error_set(err, -EINVAL, "{{%s}} has no value, expected %s= in [Args]", name, name + 5);
        if (builtin)
            return error_set(err, -EINVAL, "{{%s}} has no value here", name);
        return error_set(err, -EINVAL, "unknown {{%s}}%s", name,
                         DID_YOU_MEAN(name, builtin_names, ELEMENTS(builtin_names)));
    }
    *ret = value;
    return 0;
}

/* Reads "{{ NAME }}" at text. Returns its length. */
static ssize_t read_placeholder(const char *text, char name[static PLACEHOLDER_MAX], struct error *err) {
    const char *start = text + 2 + strspn(text + 2, " ");
    size_t len = strspn(start, NAME_BYTES);
    const char *end = start + len + strspn(start + len, " ");

    if (len == 0 || len >= PLACEHOLDER_MAX || strncmp(end, "}}", 2) != 0)
        return error_set(err, -EINVAL, "\"%s\" is no placeholder, expected {{NAME}}, none within another", SHOWN(text));
    memcpy(name, start, len);
    name[len] = '\0';
    return end + 2 - text;
}

int expand_text(const struct expansion *how, const char *text, char **ret, bool *ret_whole, struct error *err) {
    _cleanup_buffer_ struct buffer expanded = BUFFER(EXPANDED_MAX);
    bool whole = true;

    for (const char *open; (open = strstr(text, "{{"));) {
        char name[PLACEHOLDER_MAX];
        const char *value = NULL;
        ssize_t len = read_placeholder(open, name, err);
        if (len < 0)
            return (int)len;
        (void)buffer_append(&expanded, text, (size_t)(open - text));
        text = open + len;
        if (strncmp(name, CREDENTIAL, strlen(CREDENTIAL)) == 0) {
            (void)buffer_append(&expanded, open, (size_t)len);
            continue;
        }
        int r = look_up(how, name, &value, err);
        if (r < 0)
            return r;
        whole = whole && value;
        (void)buffer_puts(&expanded, value ? value : "");
    }
    (void)buffer_puts(&expanded, text);

    char *copy = expanded.error < 0 ? NULL : strdup(buffer_text(&expanded));
    if (!copy)
        return error_set(err, -ENOMEM, "more than %zu bytes after {{...}} is filled in", EXPANDED_MAX);
    *ret = copy;
    *ret_whole = whole;
    return 0;
}
