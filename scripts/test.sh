#!/usr/bin/env bash
# Makes the targets of tests one after the other, until one fails. At the end it tells how long each
# took, and how much time of the processors in its own code and in the system's.
#
#   test.sh TARGET...
source "$(dirname "$0")/common.sh"
scratch

failed=
TIMEFORMAT='%0R s (%0U s + %0S s)'
for target in "$@"; do
    { time make --no-print-directory "$target" >&3 2>&4 || failed=$target; } \
        3>&1 4>&2 2>"$SCRATCH/time"
    echo "$(<"$SCRATCH/time"): $target" >>"$SCRATCH/times"
    [ -z "$failed" ] || break
done
echo "How long each took (of the processors, in its own code and in the system's):"
cat "$SCRATCH/times"
[ -z "$failed" ] || fail "$failed failed"
