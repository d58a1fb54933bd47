/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/use.h"

#include <errno.h>
#include <stdio.h>

#include "common/text.h"
#include "spec/names.h"
#include "spec/place.h"

#define SPACE " \t"

static size_t args_length(const struct analysis_use *use) {
    size_t len = 0;
    for_each_use_arg(arg, use) {
        len += strlen(arg) + 1;
    }
    return len;
}

static bool is_plain(const char *value) {
    for (const char *at = value; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return false;
    return *value != '\0' && !strstr(value, "{{") && utf8_valid(value, strlen(value));
}

int analysis_use_give(struct analysis_use *use, const char *name, const char *value, struct error *err) {
    size_t len = args_length(use), added = strlen(name) + strlen(value) + 2;

    if (!item_name_valid(name))
        return error_set(err, -EINVAL, "\"%s\" is no name of an argument, expected NAME=VALUE", SHOWN(name));
    if (!is_plain(value))
        return error_set(err, -EINVAL, "argument %s: \"%s\" is no value, expected plain text", name, SHOWN(value));
    for_each_use_arg(arg, use) {
        if (use_arg_value(arg, name) && strcmp(name, USE_DRY_RUN) != 0)
            return error_set(err, -EINVAL, "argument %s is given twice", name);
    }
    if (len + added + 1 > sizeof use->args)
        return error_set(err, -EINVAL, "arguments of more than %d bytes, expected fewer", ANALYSIS_ARGS_MAX - 2);
    (void)snprintf(use->args + len, sizeof use->args - len, "%s=%s", name, value);
    use->args[len + added] = '\0';
    return 0;
}

static int add_name(struct analysis_use *use, const char *name, struct error *err) {
    if (strlen(name) >= METRIC_NAME_MAX)
        return error_set(err, -EINVAL, "a name of more than %d characters, expected a shorter one",
                         METRIC_NAME_MAX - 1);
    if (!item_name_valid(name))
        return error_set(err, -EINVAL, "\"%s\" is no name of a metric or template", SHOWN(name));
    for (uint32_t i = 0; i < use->n_names; i++)
        if (strcmp(use->names[i], name) == 0)
            return error_set(err, -EINVAL, "\"%s\" is named twice", name);
    if (use->n_names == STEP_ANALYSES_MAX)
        return error_set(err, -EINVAL, "more than %d names in one analysis, expected fewer", STEP_ANALYSES_MAX);
    return string_copy(use->names[use->n_names++], METRIC_NAME_MAX, name);
}

int analysis_use_add(struct analysis_use *use, const char *text, struct error *err) {
    struct analysis_use added = *use;
    char word[ANALYSIS_ARGS_MAX];
    int r = 0;

    for (size_t len; r >= 0 && *text; text += len, text += strspn(text, SPACE)) {
        len = strcspn(text, SPACE);
        if (len >= sizeof word)
            return error_set(err, -EINVAL, "a word of more than %zu bytes, expected a shorter one", sizeof word - 1);
        memcpy(word, text, len);
        word[len] = '\0';
        char *equals = strchr(word, '=');
        if (equals)
            *equals = '\0';
        r = equals ? analysis_use_give(&added, word, equals + 1, err) : add_name(&added, word, err);
    }
    if (r >= 0)
        *use = added;
    return r;
}
