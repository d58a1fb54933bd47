#!/bin/bash
# bash completion: what is offered where, by the functions that rolloutctl writes.
set -u
here=$PWD srcdir=$(realpath "${srcdir:-.}")
folder=$(mktemp -d /tmp/rollout-test-completion.XXXXXX)
trap 'rm -rf "$folder"' EXIT
export ROLLOUT_RUN_DIR=$folder/run LC_ALL=C PATH=$here:$PATH
failed=0
mkdir -p "$folder"/{run/of-test-{one,two},files/folder}
touch "$folder/files"/{haproxy.cfg,"two words"}

# as it is installed
# shellcheck source=/dev/null
source "$srcdir/ctl/completion/rolloutctl"
[[ $(complete -p rolloutctl) =~ -F\ ([^ ]+) ]] || { echo "rolloutctl has no completions" && exit 1; }
complete=${BASH_REMATCH[1]}

# offers "WORD WORD..." WORD...: for the last of these words, all of those, in any order
offers() {
    local expected=$1 got
    shift
    COMP_WORDS=(rolloutctl "$@") COMP_CWORD=$# COMPREPLY=()
    "$complete"
    expected=$(xargs printf '%s\n' <<<"$expected" | sort)
    got=$( ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}" | sort)
    if [[ $got == "$expected" ]]; then
        echo "good: $*"
    else
        failed=$((failed + 1))
        echo "FAILED: $*: offered \"${got//$'\n'/ }\", expected \"${expected//$'\n'/ }\""
    fi
}

verbs=$(rolloutctl help | sed -nE 's/^  ([a-z-]+) .*/\1/p')
options_of() {
    rolloutctl help "$1" | sed -nE 's/^  (-., )?(--[a-z-]+) .*/\2/p'
}

[[ $verbs == deploy*help && $(options_of deploy) == *--watch* ]] || { echo "help has another form" && exit 1; }
offers "$verbs" ""
offers "deploy" de
offers "" nothing
for verb in $verbs; do
    offers "$(options_of "$verb")" "$verb" --
done
offers "$(options_of deploy)" deploy shop v1 -
offers "--watch" deploy --w
offers "--watch" deploy shop v1 --env A=1 --w
offers "" permit --w

# apps: with configuration, or with an agent that runs
offers "of-test-one of-test-two" deploy of-test-
offers "of-test-one" get --watch of-test-o
offers "of-test-one" deploy --env A = 1 of-test-o
offers "of-test-one" deploy --bind 127.0.0.1 : 80 of-test-o
offers "of-test-one" status --timeout 1min --output json of-test-o
offers "" deploy shop of-test-
offers "" list of-test-

# what an option takes
offers "paused" deploy shop v1 --until ""
offers "paused" deploy --until p
offers "" deploy --until x
offers "text json" get shop --output ""
offers "json" get shop -o j
offers "text json" get --output =
offers "json" get --output = j
offers "canary blueGreen" init shop --strategy ""
offers "" deploy --env ""
offers "" deploy --env A =
offers "" deploy --env A = ""
offers "" deploy --timeout ""

# other arguments
offers "$verbs" help ""
offers "history help" help h
offers "bash" completion ""
cd "$folder/files" || exit 1
offers "haproxy.cfg folder 'two words'" lint --haproxy ""
offers "haproxy.cfg" lint of-test-one --haproxy ha
offers "$folder/files/haproxy.cfg" lint --haproxy = "$folder/files/h"
offers "folder" init shop --dir ""
offers "of-test-one of-test-two" lint of-test-
offers "haproxy.cfg" lint ha
touch R
offers "" analysis of-test-one ""
((failed == 0))
