#!/bin/sh
# The core and the judgement are pure: no variable that could hold anything between two calls, and nothing called that could look at
# a clock, a file or the environment. Run in the build folder.
set -eu

if nm libcore.a 2>/dev/null | grep -Eq '__(asan|ubsan|gcov|sanitizer|llvm)'; then
    echo "instrumented build: skipped"
    exit 77
fi

status=0

# What they may call of others: memory and text, arithmetic, common/, and what is looked up in a specification.
cat > purity.allowed.$$ <<EOF
error_set string_copy text_escape utf8_length utf8_valid
free malloc qsort
memchr memcmp memcpy memmem memmove memset
hook_moment_to_string
snprintf vsnprintf stpcpy strchr strcmp strcspn strlen strncmp strnlen strspn strstr strtod
fmax fmin fmod pow round trunc floor ceil log10 nan
spec_template spec_route_counts
EOF
trap 'rm -f purity.*.$$' EXIT
tr ' ' '\n' < purity.allowed.$$ | sort -u > purity.allow.$$

for library in libcore.a libanalysis.a; do
    # Constant tables of addresses are in .data.rel.ro: written by the loader, read-only after that.
    variables=$(size -A "$library" | awk '$1 ~ /^\.(t?bss|t?data)(\.|$)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0')
    if [ -n "$variables" ]; then
        echo "$library has variables that can be written:"
        echo "$variables"
        status=1
    fi
done

nm libcore.a libanalysis.a | awk 'NF == 2 && $1 == "U" {print $2}' | grep -Ev '^(_GLOBAL_OFFSET_TABLE_|__stack_chk_fail)$' |
    sed -E 's/^__(.*)_chk$/\1/; s/^__isoc(23|99)_//' | sort -u > purity.used.$$
nm libcore.a libanalysis.a | awk 'NF == 3 && $2 ~ /[TRDV]/ {print $3}' | sort -u > purity.own.$$
others=$(comm -23 purity.used.$$ purity.own.$$ | comm -23 - purity.allow.$$)
if [ -n "$others" ]; then
    echo "called, but not on the list of what a pure function may call:"
    echo "$others"
    status=1
fi
exit $status
