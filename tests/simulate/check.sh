#!/bin/sh
# What the check runs: every failure that was ever found, by its script, then new seeds. SIMULATE_RUNS and SIMULATE_SEED say how many
# and from which. Run in the build folder.
set -eu

simulate=tests/simulate/simulate
found=${srcdir:-.}/tests/simulate/found
status=0

for script in "$found"/*.script; do
    [ -e "$script" ] || continue
    "$simulate" --script "$script" || status=1
done
"$simulate" --runs "${SIMULATE_RUNS:-20000}" --seed "${SIMULATE_SEED:-1}" --jobs "$(nproc)" --shrink || status=1
exit $status
