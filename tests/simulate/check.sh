#!/bin/sh
# What the check runs: the examples as they are shipped, at their full durations; every failure that was ever found, by its script;
# then new seeds. SIMULATE_RUNS and SIMULATE_SEED say how many and from which. Run in the build folder.
set -eu

simulate=tests/simulate/simulate
found=${srcdir:-.}/tests/simulate/found
examples=$(mktemp -d)
trap 'rm -rf "$examples"' EXIT
status=0

ln -s "$(realpath "${srcdir:-.}")/templates" "$examples/analysis"
ln -s "$(realpath "${srcdir:-.}")"/examples/*.conf "$examples"
for app in ai-engine-api ai-engine-workers; do
    "$simulate" --config "$examples/$app.conf" || status=1
done
for script in "$found"/*.script; do
    [ -e "$script" ] || continue
    "$simulate" --script "$script" || status=1
done
"$simulate" --runs "${SIMULATE_RUNS:-20000}" --seed "${SIMULATE_SEED:-1}" --jobs "$(nproc)" --shrink || status=1
exit $status
