/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Help, from the tables. */
#include <string.h>

#include "ctl/ctl.h"

void help_all(FILE *out) {
    (void)fputs("Usage: rolloutctl VERB [OPTIONS] [ARGUMENTS]\n\nTakes new versions live in steps, and back.\n\n", out);
    for (const struct verb *verb = verbs; verb < verbs + n_verbs; verb++)
        (void)fprintf(out, "  %-10s %-12s %s\n", verb->name, verb->arguments, verb->summary);
    (void)fputs("\nExit codes: 0 what was asked holds, 1 Degraded or superseded, 2 wrong usage or configuration,\n"
                "3 out of time, 4 the agent does not answer, 5 refused in this phase.\n"
                "See rolloutctl help VERB, rolloutctl(1), rollout.conf(5).\n",
                out);
}

void help_verb(FILE *out, const struct verb *verb) {
    (void)fprintf(out, "Usage: rolloutctl %s%s%s%s\n\n%s.\n", verb->name,
                  verb->options & ~(unsigned)OPTION_HELP ? " [OPTIONS]" : "", *verb->arguments ? " " : "",
                  verb->arguments, verb->summary);
    if (verb->help)
        (void)fprintf(out, "%s\n", verb->help);
    (void)fputc('\n', out);
    const struct option_text *text;
    for (size_t i = 0; (text = option_text(i)); i++)
        if (verb->options & text->bit) {
            char words[64];
            (void)snprintf(words, sizeof(words), "%s%s%s%s%s", text->letter, *text->letter ? ", " : "", text->name,
                           text->argument ? " " : "", text->argument ? text->argument : "");
            (void)fprintf(out, "  %-28s %s\n", words, text->help);
        }
}

enum exit_code run_help(const struct invocation *asked) {
    if (asked->n_arguments == 0) {
        help_all(stdout);
        return EXIT_HOLDS;
    }
    const struct verb *verb = verb_find(asked->arguments[0]);
    if (!verb)
        return say_failed(EXIT_USAGE, "no verb \"%s\"", SAFE(asked->arguments[0]));
    help_verb(stdout, verb);
    return EXIT_HOLDS;
}

static void view_version(struct writer *writer, FILE *out, const cJSON *document) {
    (void)fprintf(out, "rollout %s\n", field_text(document, "version"));
}

enum exit_code run_version(const struct invocation *asked) {
    static const char text[] = "{\"version\": \"" PACKAGE_VERSION "\"}";
    _cleanup_json_ cJSON *document = NULL;
    if (json_parse(text, strlen(text), &document, NULL) < 0 || writer_show(asked->writer, document, view_version) < 0)
        return EXIT_DEGRADED;
    return EXIT_HOLDS;
}
