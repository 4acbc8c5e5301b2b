#!/usr/bin/env bash
# Checks that the committed C header is what the Rust source says, that every
# name in it is ours, and that C and C++ compilers accept it without a warning.
source "$(dirname "$0")/common.sh"
scripts/require.sh rust cc c++
scratch

header=rust-core/include/mantisdb_core.h
scripts/header.sh "$SCRATCH/mantisdb_core.h"
diff -u $header "$SCRATCH/mantisdb_core.h" || fail "$header is not what the source says: run \`make header\` and commit it"

# Every macro and every type that the header adds to the standard ones is ours.
standard='stdbool.h stddef.h stdint.h'
macros() {
    # shellcheck disable=SC2086
    cc -E -dM -x c ${standard:+$(printf -- '-include %s ' $standard)} "$1" | awk '{sub(/\(.*/, "", $2); print $2}' | sort -u
}
foreign=$(comm -13 <(macros /dev/null) <(macros $header) | grep -v '^MANTISDB_' || true)
[ -z "$foreign" ] || fail "macros outside our prefix: $foreign"
foreign=$(grep -oE '^(typedef .*|} )[A-Za-z]\w*;' $header | grep -vE '\bMantisdb\w*;$' || true)
[ -z "$foreign" ] || fail "types outside our prefix: $foreign"

for dialect in 'c -std=c11' 'c -std=c2x' 'c++ -std=c++11' 'c++ -std=c++20'; do
    # shellcheck disable=SC2086
    cc -x $dialect -Wall -Wextra -Wpedantic -Werror -fsyntax-only "$header" ||
        fail "$header does not compile as ${dialect/ -std=/, }"
done
echo "header: up to date, C and C++ accept it"
