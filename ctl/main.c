/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <curl/curl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "ctl/ctl.h"

static enum exit_code unknown_verb(const char *word) {
    const char *names[64];
    size_t n = 0;
    for (; n < n_verbs && n < ELEMENTS(names); n++)
        names[n] = verbs[n].name;
    const char *meant = nearest(word, names, n);
    return say_failed(EXIT_USAGE, "no verb \"%s\"%s%s%s", SAFE(word),
                      meant ? ", did you mean " : ": see rolloutctl help", meant ? meant : "", meant ? "?" : "");
}

static enum exit_code run(int argc, char **argv) {
    struct error err = {0};
    struct writer writer;
    (void)setlocale(LC_CTYPE, "");
    writer_init(&writer, false);
    if (argc < 2) {
        help_all(stderr);
        return EXIT_USAGE;
    }
    const char *word = STR_IN_SET(argv[1], "--help", "-h") ? "help"
                       : strcmp(argv[1], "--version") == 0 ? "version"
                                                           : argv[1];
    const struct verb *verb = verb_find(word);
    if (!verb)
        return unknown_verb(word);

    struct invocation asked = {.writer = &writer};
    if (options_parse(verb, argc - 2, argv + 2, &asked, &err) < 0)
        return say_failed(EXIT_USAGE, "%s (see rolloutctl help %s)", err.text, verb->name);
    if (writer.json)
        writer_init(&writer, true);
    if (asked.help) {
        help_verb(stdout, verb);
        return EXIT_HOLDS;
    }
    if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK)
        return say_failed(EXIT_DEGRADED, "no memory");
    enum exit_code code = verb->run(&asked);
    curl_global_cleanup();
    if (fflush(stdout) != 0 || ferror(stdout))
        return say_failed(code == EXIT_HOLDS ? EXIT_DEGRADED : code, "cannot write the result to standard output");
    return code;
}

int main(int argc, char **argv) {
    return (int)run(argc, argv);
}
