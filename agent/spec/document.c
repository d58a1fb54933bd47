/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/document.h"

#include <errno.h>

#include "analysis/metric.h"
#include "common/buffer.h"
#include "spec/array.h"
#include "spec/ini.h"
#include "spec/names.h"
#include "spec/place.h"

#define TEXT_MAX ((size_t)8 * 1024 * 1024)
#define KEYS_MAX 64 /* of one section's table, for did you mean */

/* What is known while a file is read. */
struct reading {
    struct document *document;
    size_t section;                 /* the one that keys go to */
    char template[METRIC_NAME_MAX]; /* the one under way */
    bool template_file;
};

static int out_of_memory(struct error *err) {
    return error_set(err, -ENOMEM, "out of memory while reading the configuration");
}

static void entry_clear(struct document_entry *entry) {
    free(entry->key);
    free(entry->value);
    free(entry->file);
}

static void section_clear(struct document_section *section) {
    for (size_t i = 0; i < section->n_entries; i++)
        entry_clear(&section->entries[i]);
    free(section->entries);
    free(section->argument);
    free(section->template);
    free(section->file);
}

void document_free(struct document *document) {
    for (size_t i = 0; i < document->n_sections; i++)
        section_clear(&document->sections[i]);
    free(document->sections);
    *document = DOCUMENT_NULL;
}

static int unknown_section(const struct ini_entry *entry, struct error *err) {
    const char *names[SECTIONS];

    for (size_t i = 0; i < SECTIONS; i++)
        names[i] = section_table[i].name;
    bool near = nearest(entry->section, names, SECTIONS);
    return error_at(err, entry->file, entry->line, "unknown section [%s]%s%s", SHOWN(entry->section),
                    near ? "" : ", expected ",
                    near ? DID_YOU_MEAN(entry->section, names, SECTIONS) : ONE_OF(names, SECTIONS));
}

static int unknown_key(const struct section_row *row, const struct ini_entry *entry, struct error *err) {
    const char *names[KEYS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < SECTIONS; i++)
        if (key_find(&section_table[i], entry->key))
            return error_at(err, entry->file, entry->line, "unknown key %s= in [%s], expected it in [%s]", entry->key,
                            row->name, section_table[i].name);
    for (; n < row->n_keys && n < KEYS_MAX; n++)
        names[n] = row->keys[n].name;
    return error_at(err, entry->file, entry->line, "unknown key %s= in [%s]%s", SHOWN(entry->key), row->name,
                    DID_YOU_MEAN(entry->key, names, n));
}

/* Makes the section the one that keys go to, added if it is new. */
static int enter_section(struct reading *reading, const struct section_row *row, const char *argument,
                         const struct ini_entry *entry, struct error *err) {
    struct document *document = reading->document;

    for (size_t i = 0; i < document->n_sections; i++)
        if (document->sections[i].row == row && strcmp(document->sections[i].argument, argument) == 0 &&
            strcmp(document->sections[i].template, reading->template) == 0) {
            reading->section = i;
            return 0;
        }

    struct document_section *section = ARRAY_ADD(document->sections, document->n_sections);
    if (!section)
        return out_of_memory(err);
    reading->section = document->n_sections - 1;
    *section = (struct document_section){
        .row = row,
        .argument = strdup(argument),
        .template = strdup(reading->template),
        .file = strdup(entry->file),
        .line = entry->line,
    };
    return section->argument && section->template && section->file ? 0 : out_of_memory(err);
}

static int open_section(struct reading *reading, const struct ini_entry *entry, struct error *err) {
    const struct section_row *row = section_find(entry->section);
    bool template = row == &section_table[SECTION_TEMPLATE];

    if (!row)
        return unknown_section(entry, err);
    if (template && reading->template_file) {
        if (entry->argument[0] != '\0')
            return error_at(err, entry->file, entry->line,
                            "[Template %s] in a template's own file, expected [Template]", SHOWN(entry->argument));
        return enter_section(reading, row, reading->template, entry, err);
    }
    if (row->named && entry->argument[0] == '\0')
        return error_at(err, entry->file, entry->line, "[%s] without a name, expected [%s NAME]", row->name, row->name);
    if (!row->named && entry->argument[0] != '\0')
        return error_at(err, entry->file, entry->line, "[%s %s] with a name, expected [%s]", row->name,
                        SHOWN(entry->argument), row->name);
    if (row->named && !item_name_valid(entry->argument))
        return error_at(err, entry->file, entry->line,
                        "bad name \"%s\", expected up to %d letters, digits, - _ . and a letter or digit first",
                        SHOWN(entry->argument), METRIC_NAME_MAX - 1);
    if (template)
        (void)string_copy(reading->template, sizeof reading->template, entry->argument);
    else if (reading->template[0] != '\0' && !row->in_template)
        return error_at(err, entry->file, entry->line, "[%s] in template %s, expected [Args] or [Metric NAME]",
                        row->name, reading->template);
    return enter_section(reading, row, entry->argument, entry, err);
}

static void remove_key(struct document_section *section, const char *key) {
    size_t kept = 0;

    for (size_t i = 0; i < section->n_entries; i++)
        if (strcmp(section->entries[i].key, key) == 0)
            entry_clear(&section->entries[i]);
        else
            section->entries[kept++] = section->entries[i];
    section->n_entries = kept;
}

static int add_key(struct reading *reading, const struct ini_entry *entry, struct error *err) {
    struct document_section *section = &reading->document->sections[reading->section];
    const struct key_row *row = key_find(section->row, entry->key);
    /* In a template, an argument without a value says that one must be given. */
    bool declares = section->row == &section_table[SECTION_ARGS] && section->template[0] != '\0';
    bool empty = entry->value[0] == '\0';

    if (!row && section->row->keys)
        return unknown_key(section->row, entry, err);
    if (empty || !row || !row->list)
        remove_key(section, entry->key);
    if (empty && !declares)
        return 0;

    struct document_entry *added = ARRAY_ADD(section->entries, section->n_entries);
    if (!added)
        return out_of_memory(err);
    *added = (struct document_entry){
        .key = strdup(entry->key),
        .value = strdup(entry->value),
        .file = strdup(entry->file),
        .line = entry->line,
    };
    return added->key && added->value && added->file ? 0 : out_of_memory(err);
}

static int take_entry(const struct ini_entry *entry, void *userdata, struct error *err) {
    return entry->key ? add_key(userdata, entry, err) : open_section(userdata, entry, err);
}

int document_read(struct document *document, const char *text, size_t len, const char *file, const char *template,
                  struct error *err) {
    struct reading reading = {.document = document, .template_file = template[0] != '\0'};

    if (reading.template_file) {
        struct ini_entry start = {.file = file, .line = 1};
        (void)string_copy(reading.template, sizeof reading.template, template);
        int r = enter_section(&reading, &section_table[SECTION_TEMPLATE], template, &start, err);
        if (r < 0)
            return r;
    }
    return ini_read(text, len, file, take_entry, &reading, err);
}

static void write_section(struct buffer *text, const struct document_section *section) {
    (void)buffer_printf(text, "%s[%s%s%s]\n", text->len > 0 ? "\n" : "", section->row->name,
                        section->argument[0] == '\0' ? "" : " ", section->argument);
    for (size_t i = 0; i < section->n_entries; i++) {
        const struct document_entry *entry = &section->entries[i];
        size_t len = strlen(entry->value);
        /* A space keeps a final backslash from joining lines; the reader strips it. */
        bool backslash = len > 0 && entry->value[len - 1] == '\\';
        (void)buffer_printf(text, "%s=%s%s\n", entry->key, entry->value, backslash ? " " : "");
    }
}

static void write_part(struct buffer *text, const struct document *document, const char *template) {
    for (size_t i = 0; i < document->n_sections; i++)
        if (strcmp(document->sections[i].template, template) == 0)
            write_section(text, &document->sections[i]);
}

int document_text(const struct document *document, char **ret) {
    _cleanup_buffer_ struct buffer text = BUFFER(TEXT_MAX);

    (void)buffer_puts(&text, "");
    write_part(&text, document, "");
    for (size_t i = 0; i < document->n_sections; i++)
        if (document->sections[i].row == &section_table[SECTION_TEMPLATE])
            write_part(&text, document, document->sections[i].template);
    return buffer_take(&text, ret, NULL);
}

const struct document_section *document_section(const struct document *document, enum section_kind kind,
                                                const char *argument, const char *template) {
    for (size_t i = 0; i < document->n_sections; i++)
        if (document->sections[i].row == &section_table[kind] &&
            strcmp(document->sections[i].argument, argument) == 0 &&
            strcmp(document->sections[i].template, template) == 0)
            return &document->sections[i];
    return NULL;
}

const struct document_entry *document_entry(const struct document_section *section, const char *key, size_t nth) {
    for (size_t i = 0; section && i < section->n_entries; i++)
        if (strcmp(section->entries[i].key, key) == 0 && nth-- == 0)
            return &section->entries[i];
    return NULL;
}
