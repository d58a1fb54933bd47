/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Completions, from the tables: what a verb and an option take is what help says that they take. */
#include <string.h>

#include "ctl/ctl.h"

#define SHELL "bash"

/* What takes a word in capitals is offered what there is of it; other words, "text|json", stand for themselves. */
static const char functions[] =
    "_rolloutctl_apps() {\n"
    "    local path\n"
    "    for path in " ROLLOUT_CONF_DIR "/*.conf \"${ROLLOUT_RUN_DIR:-" ROLLOUT_RUN_DIR "}\"/*/; do\n"
    "        path=${path%/} path=${path##*/}\n"
    "        [[ $path == *'*'* ]] || echo \"${path%.conf}\"\n"
    "    done\n"
    "}\n"
    "# Adds what fits among the words of $1\n"
    "_rolloutctl_offer() {\n"
    "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
    "}\n"
    "# Adds what fits of a kind: -f, files; -d, folders\n"
    "_rolloutctl_offer_paths() {\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
    "}\n"
    "_rolloutctl_complete() {\n"
    "    local kind\n"
    "    for kind in ${1//|/ }; do\n"
    "        case $kind in\n"
    "        APP) _rolloutctl_offer \"$(_rolloutctl_apps)\" ;;\n"
    "        VERB) _rolloutctl_offer \"$(_rolloutctl_verbs)\" ;;\n"
    "        SHELL) _rolloutctl_offer " SHELL " ;;\n"
    "        FILE) _rolloutctl_offer_paths -f ;;\n"
    "        FOLDER) _rolloutctl_offer_paths -d ;;\n"
    "        *[[:lower:]]*) _rolloutctl_offer \"$kind\" ;;\n"
    "        esac\n"
    "    done\n"
    "}\n"
    "_rolloutctl() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} arguments='' options='' takes='' word i n=0\n"
    "    COMPREPLY=()\n"
    "    if ((COMP_CWORD == 1)); then\n"
    "        _rolloutctl_complete VERB\n"
    "        return\n"
    "    fi\n"
    "    _rolloutctl_verb \"${COMP_WORDS[1]}\"\n"
    "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ $word == [=:]* ]]; then # for bash a word of its own: between --output and json, or within A=1\n"
    "            [[ $takes ]] || ((++i < COMP_CWORD)) || return 0\n"
    "        elif [[ $takes ]]; then\n"
    "            takes=''\n"
    "        elif [[ $word == -* ]]; then\n"
    "            _rolloutctl_option \"$word\"\n"
    "        else\n"
    "            ((++n))\n"
    "        fi\n"
    "    done\n"
    "    if [[ $takes ]]; then\n"
    "        [[ $cur != [=:]* ]] || cur=''\n"
    "        _rolloutctl_complete \"$takes\"\n"
    "    elif [[ $cur == -* ]]; then\n"
    "        _rolloutctl_offer \"$options\"\n"
    "    elif [[ $cur != [=:]* ]]; then\n"
    "        for word in $arguments; do\n"
    "            ((n-- != 0)) || _rolloutctl_complete \"$word\"\n"
    "        done\n"
    "    fi\n"
    "}\n"
    "complete -F _rolloutctl rolloutctl\n";

/* "[APP|FILE]" without what the shell would take for a pattern. */
static void put_arguments(const struct verb *verb) {
    for (const char *at = verb->arguments; *at; at++)
        if (!strchr("[]", *at))
            (void)putchar(*at);
}

static void put_verbs(void) {
    (void)fputs("_rolloutctl_verbs() {\n    echo '", stdout);
    for (const struct verb *verb = verbs; verb < verbs + n_verbs; verb++)
        (void)printf("%s%s", verb == verbs ? "" : " ", verb->name);
    (void)fputs("'\n}\n_rolloutctl_verb() {\n    case $1 in\n", stdout);
    for (const struct verb *verb = verbs; verb < verbs + n_verbs; verb++) {
        const struct option_text *text;
        (void)printf("    %s) arguments='", verb->name);
        put_arguments(verb);
        (void)fputs("' options='", stdout);
        for (size_t i = 0; (text = option_text(i)); i++)
            if (verb->options & text->bit)
                (void)printf("%s ", text->name);
        (void)puts("' ;;");
    }
    (void)puts("    esac\n}");
}

static void put_options(void) {
    const struct option_text *text;
    (void)puts("_rolloutctl_option() {\n    case $1 in");
    for (size_t i = 0; (text = option_text(i)); i++)
        if (text->argument)
            (void)printf("    %s%s%s) takes='%s' ;;\n", text->name, *text->letter ? " | " : "", text->letter,
                         text->argument);
    (void)puts("    esac\n}");
}

enum exit_code run_completion(const struct invocation *asked) {
    if (strcmp(asked->arguments[0], SHELL) != 0)
        return say_failed(EXIT_USAGE, "no completions for %s: expected " SHELL, SAFE(asked->arguments[0]));
    (void)puts("# bash completion for rolloutctl, as `rolloutctl completion bash` writes it");
    put_verbs();
    put_options();
    (void)fputs(functions, stdout);
    return EXIT_HOLDS;
}
