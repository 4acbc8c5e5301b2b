#!/usr/bin/env bash
# Makes the targets of tests one after the other, until one fails. At the end it tells how long each
# took, and how much time of the processors in its own code and in the system's.
#
#   test.sh [+]TARGET...
#
# A target with a plus runs beside those that follow it, in time that they leave the processors.
source "$(dirname "$0")/common.sh"
scratch
trap 'end_beside; rm -rf "$SCRATCH"' EXIT

failed=
beside=
beside_pid=
TIMEFORMAT='%0R s (%0U s + %0S s)'

# run TARGET: makes it, and notes how long that took.
run() {
    local result=0
    # In a shell of its own: else what ends in the background meanwhile would count.
    (time make --no-print-directory "$1" >&3 2>&4) 3>&1 4>&2 2>"$SCRATCH/$1.time" || result=$?
    echo "$(<"$SCRATCH/$1.time"): $1" >>"$SCRATCH/times"
    return $result
}

# run_beside TARGET: as run, but in the background. What it writes is kept for later.
run_beside() {
    beside=$1
    set -m # It and all that it starts can be ended together.
    (
        # Not lower: it has tests that lose patience. Whose priority is lower already may not raise it.
        renice --priority 10 --pid "$BASHPID" >/dev/null 2>&1 || true
        run "$1"
    ) </dev/null >"$SCRATCH/beside" 2>&1 &
    beside_pid=$!
    set +m
}

# await_beside: waits for the one in the background, and fails as it did.
await_beside() {
    local result=0
    wait "$beside_pid" || result=$?
    beside_pid=
    cat "$SCRATCH/beside"
    return $result
}

# fails_beside: whether the one in the background has failed already.
fails_beside() {
    [ -n "$beside_pid" ] && ! kill -0 "$beside_pid" 2>/dev/null && ! await_beside
}

end_beside() {
    [ -n "$beside_pid" ] || return 0
    kill -- "-$beside_pid" 2>/dev/null || true
    wait "$beside_pid" 2>/dev/null || true
}

for target in "$@"; do
    case $target in
    +*) run_beside "${target#+}" ;;
    *) run "$target" || failed=$target ;;
    esac
    [ -n "$failed" ] || ! fails_beside || failed=$beside
    [ -z "$failed" ] || break
done
[ -n "$failed" ] || [ -z "$beside_pid" ] || await_beside || failed=$beside
echo "How long each took (of the processors, in its own code and in the system's):"
cat "$SCRATCH/times"
[ -z "$failed" ] || fail "$failed failed"
