#!/bin/sh
# Whether the simulator sees anything: each mutation is a small mistake in a copy of one source file (mutations/NAME.sed: the file, what
# is wrong, and the change), and the simulator has to fail with it. Run in the build folder, after the simulator was built.
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
    # shellcheck disable=SC2046 # one word a library
    $cc -o "$work/simulate" tests/simulate/*.o "$work/libagent.a" libtraffic.a libstore.a "$work/libcore.a" libspec.a libanalysis.a libcommon.a \
        -Wl,--wrap=spec_parse,--wrap=spec_free $(pkg-config --libs libcjson libcurl libcrypto libsystemd inih) -lm
}

for mutation in "$src"/tests/simulate/mutations/*.sed; do
    name=$(basename "$mutation" .sed)
    file=$(sed -n '1s/^# //p' "$mutation")
    sed -E -f "$mutation" "$src/$file" >"$work/mutated.c"
    if cmp -s "$src/$file" "$work/mutated.c"; then
        echo "$name: no longer applies to $file"
        status=1
        continue
    fi
    build "$file"
    if "$work/simulate" --runs "$runs" --jobs "$(nproc)" --lines 0 >"$work/out"; then
        echo "$name: not seen in $runs runs"
        status=1
    else
        echo "$name: seen: $(sed -n 's/^# \([A-Za-z]*[0-9]*: .*\)/\1/p' "$work/out" | head -n 1)"
    fi
done
exit $status
