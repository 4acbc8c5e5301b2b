#!/usr/bin/env bash
# Makes the targets of tests one after the other, and others beside them. At the end it tells how
# long each took, and how much time of the processors in its own code and in the system's.
#
#   test.sh TARGETS BESIDE
#
# Those beside have a low priority: they compute while the others wait, for one another's
# processes, a clock or a browser, and take at most a tenth of the processors from these. Not less,
# since they have deadlines as well. What they print comes at the end.
source "$(dirname "$0")/common.sh"
scratch

# lane TARGET...: makes targets until one fails, here or in the other lane.
lane() {
    local target TIMEFORMAT
    for target in "$@"; do
        [ ! -e "$SCRATCH/failed" ] || return 0
        TIMEFORMAT="%0R s (%0U s + %0S s): $target"
        { time make --no-print-directory "$target" >&3 2>&4 || echo "$target" >>"$SCRATCH/failed"; } \
            3>&1 4>&2 2>>"$SCRATCH/times"
    done
}

set -m # for once, so that what runs beside can be ended as a whole
# shellcheck disable=SC2086
{ renice -n 10 "$BASHPID" >/dev/null && lane $2; } >"$SCRATCH/beside" 2>&1 &
beside=$!
set +m
trap 'kill -- -$beside 2>/dev/null || true; wait; rm -rf "$SCRATCH"' EXIT

# shellcheck disable=SC2086
lane $1
[ -e "$SCRATCH/failed" ] || wait $beside || echo "what runs beside" >>"$SCRATCH/failed"
cat "$SCRATCH/beside"
echo "How long each took (of the processors, in its own code and in the system's):"
cat "$SCRATCH/times"
[ ! -e "$SCRATCH/failed" ] || fail "$(paste -sd ' ' "$SCRATCH/failed") failed"
