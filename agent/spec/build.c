/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/build.h"

#include <errno.h>

#include "spec/array.h"
#include "spec/defaults.h"
#include "spec/hook.h"
#include "spec/place.h"

static int out_of_memory(struct error *err) {
    return error_set(err, -ENOMEM, "out of memory while reading the configuration");
}

/* A template of that name, added if it is new. */
static struct template_spec *enter_template(struct spec *spec, const char *name) {
    for (size_t i = 0; i < spec->n_templates; i++)
        if (strcmp(spec->templates[i].name, name) == 0)
            return &spec->templates[i];

    struct template_spec *template = ARRAY_ADD(spec->templates, spec->n_templates);
    if (template)
        (void)string_copy(template->name, sizeof template->name, name);
    return template;
}

static struct metric_spec *add_metric(struct spec *spec, const struct document_section *section) {
    const char *name = section->template[0] != '\0' ? section->template : section->argument;
    struct template_spec *template = enter_template(spec, name);
    struct metric_spec *metric = template ? ARRAY_ADD(template->metrics, template->n_metrics) : NULL;

    if (!metric)
        return NULL;
    metric_defaults(metric);
    (void)string_copy(metric->name, sizeof metric->name, section->argument);
    metric->line = section->line;
    metric->file = strdup(section->file);
    return metric->file ? metric : NULL;
}

static struct party_spec *add_party(struct party_spec **parties, size_t *n, const struct document_section *section) {
    struct party_spec *party = ARRAY_ADD(*parties, *n);

    if (!party)
        return NULL;
    (void)string_copy(party->name, sizeof party->name, section->argument);
    party->line = section->line;
    party->file = strdup(section->file);
    return party->file ? party : NULL;
}

/* What the fields of a section's keys lie in. NULL when out of memory. */
static void *section_target(struct spec *spec, const struct document_section *section) {
    switch ((enum section_kind)(section->row - section_table)) {
    case SECTION_ROLLOUT:
    case SECTION_HAPROXY:
    case SECTION_CANARY:
    case SECTION_BLUE_GREEN:
    case SECTION_ARGS:
        return spec;
    case SECTION_TEMPLATE:
        return enter_template(spec, section->argument);
    case SECTION_METRIC:
        return add_metric(spec, section);
    case SECTION_HOOK:
        return add_party(&spec->hooks, &spec->n_hooks, section);
    case SECTION_NOTIFY:
        return add_party(&spec->notifies, &spec->n_notifies, section);
    }
    return NULL;
}

static int add_argument(struct argument **args, size_t *n, const struct document_entry *entry, struct error *err) {
    struct argument *argument = ARRAY_ADD(*args, *n);

    if (!argument)
        return out_of_memory(err);
    argument->name = strdup(entry->key);
    argument->value = entry->value[0] == '\0' ? NULL : strdup(entry->value);
    return argument->name && (argument->value || entry->value[0] == '\0') ? 0 : out_of_memory(err);
}

static int build_args(struct spec *spec, const struct document_section *section, struct error *err) {
    struct template_spec *template = section->template[0] == '\0' ? NULL : enter_template(spec, section->template);

    if (section->template[0] != '\0' && !template)
        return out_of_memory(err);
    for (size_t i = 0; i < section->n_entries; i++) {
        const struct document_entry *entry = &section->entries[i];
        int r = template ? add_argument(&template->args, &template->n_args, entry, err)
                         : add_argument(&spec->args, &spec->n_args, entry, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int build_section(struct spec *spec, const struct document_section *section, struct error *err) {
    if (!section->row->keys)
        return build_args(spec, section, err);

    char *target = section_target(spec, section);
    if (!target)
        return out_of_memory(err);
    for (size_t i = 0; i < section->n_entries; i++) {
        const struct document_entry *entry = &section->entries[i];
        const struct key_row *row = key_find(section->row, entry->key);
        struct error inner = {0};
        int r = row->parse(row, entry, target + row->offset, &inner);
        if (r < 0)
            return error_at(err, entry->file, entry->line, "%s: %s", entry->key, inner.text);
    }
    return 0;
}

int spec_build(struct spec *spec, const struct document *document, size_t first, struct error *err) {
    for (size_t i = first; i < document->n_sections; i++) {
        int r = build_section(spec, &document->sections[i], err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < spec->n_hooks; i++) {
        struct party_spec *hook = &spec->hooks[i];
        int r = i < HOOKS_MAX ? hook_read(hook, err)
                              : error_at(err, hook->file, hook->line, "more than %d hooks, expected fewer", HOOKS_MAX);
        if (r < 0)
            return r;
    }
    return 0;
}

const struct template_spec *spec_template(const struct spec *spec, const char *name) {
    for (size_t i = 0; i < spec->n_templates; i++)
        if (strcmp(spec->templates[i].name, name) == 0)
            return &spec->templates[i];
    return NULL;
}
