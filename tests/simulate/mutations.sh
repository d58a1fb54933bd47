#!/bin/sh
# Whether the simulator sees anything: each mutation is a small mistake in a copy of one source file (mutations/NAME.sed: the file, what
# is wrong, with the invariants that have to see it in brackets, and the change), and the simulator has to fail with it, by one of these.
# Run in the build folder, after the simulator was built. MUTATIONS says which, if not all; CC and LDFLAGS are as ever.
set -eu

if nm libcore.a 2>/dev/null | grep -Eq '__(asan|ubsan|gcov|sanitizer|llvm)'; then
    echo "instrumented build: skipped"
    exit 77
fi

src=${srcdir:-.}
runs=${MUTATION_RUNS:-60000}
cc=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# The object of the mutated file replaces the one in a copy of its library.
build() { # FILE
    object=$(basename "$1" .c).o
    case $1 in
    agent/core/*) library=libcore.a ;;
    *) library=libagent.a ;;
    esac
    cp libcore.a libagent.a "$work/"
    $cc -std=gnu17 -O2 -w -D_GNU_SOURCE -I"$src" -I"$src/agent" -I"$(dirname "$src/$1")" -c "$work/mutated.c" -o "$work/$object"
    ar r "$work/$library" "$work/$object" 2>/dev/null
    # shellcheck disable=SC2046,SC2086 # one word a library, one a flag
    $cc ${LDFLAGS:-} -o "$work/simulate" tests/simulate/*.o "$work/libagent.a" libtraffic.a libstore.a "$work/libcore.a" libspec.a libanalysis.a libcommon.a \
        -Wl,--wrap=spec_parse,--wrap=spec_free $(pkg-config --libs libcjson libcurl libcrypto libsystemd inih) -lm
}

for mutation in "$src"/tests/simulate/mutations/${MUTATIONS:-*}.sed; do
    name=$(basename "$mutation" .sed)
    invariants=$(sed -nE '2s/.*\(([A-Za-z0-9, ]+)(:[^()]*)?\)$/\1/p' "$mutation" | tr -d ' ')
    file=$(sed -n '1s/^# //p' "$mutation")
    sed -E -f "$mutation" "$src/$file" >"$work/mutated.c"
    if cmp -s "$src/$file" "$work/mutated.c"; then
        echo "$name: no longer applies to $file"
        status=1
        continue
    fi
    build "$file"
    "$work/simulate" --runs "$runs" --jobs "$(nproc)" --lines 0 --only "$invariants" >"$work/out" || true
    if seen=$(grep -E -m 1 "^# ($(echo "$invariants" | tr , '|')): " "$work/out"); then
        echo "$name: seen: ${seen#\# }"
    else
        echo "$name: not seen by $invariants in $runs runs: $(tail -n 1 "$work/out")"
        status=1
    fi
done
exit $status
