#!/usr/bin/env bash
# Makes the targets of tests one after the other, until one fails. At the end it tells how long each
# took, and how much time of the processors in its own code and in the system's.
#
#   test.sh [+|-]TARGET[,TARGET]...
#
# Those with a plus are made one after the other beside what follows them; with a minus also, but in time
# that all others leave the processors.
source "$(dirname "$0")/common.sh"
scratch
trap 'end_beside; rm -rf "$SCRATCH"' EXIT

declare -A beside=() # process: the targets that it makes
TIMEFORMAT='%0R s (%0U s + %0S s)'

# run TARGET: makes it, and notes how long that took.
run() {
    local result=0
    # In a shell of its own: else what ends in the background meanwhile would count.
    (time make --no-print-directory "$1" >&3 2>&4) 3>&1 4>&2 2>"$SCRATCH/$1.time" || result=$?
    echo "$(<"$SCRATCH/$1.time"): $1" >>"$SCRATCH/times"
    return $result
}

# run_beside TARGETS [PRIORITY]: as run, but in the background. What they write is kept for later.
run_beside() {
    local targets
    IFS=, read -ra targets <<<"$1"
    set -m # It and all that it starts can be ended together.
    (
        # Whose priority is lower already may not raise it.
        [ $# = 1 ] || renice --priority "$2" --pid "$BASHPID" >/dev/null 2>&1 || true
        for target in "${targets[@]}"; do run "$target" || exit; done
    ) </dev/null >"$SCRATCH/$1.told" 2>&1 &
    beside[$!]=$1
    set +m
}

# await PID: waits for one in the background, and fails as it did.
await() {
    local result=0 line=${beside[$1]}
    wait "$1" || result=$?
    unset "beside[$1]"
    cat "$SCRATCH/$line.told"
    [ "$result" = 0 ] || failed=$line
}

# await_beside [ended]: waits for those in the background, or for those that have ended already, until
# one of them failed.
await_beside() {
    local pid
    for pid in "${!beside[@]}"; do
        [ -z "$failed" ] || return 0
        [ "$#" = 0 ] || ! kill -0 "$pid" 2>/dev/null || continue
        await "$pid"
    done
}

end_beside() {
    local pid
    for pid in "${!beside[@]}"; do
        kill -- "-$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}

failed=
for target in "$@"; do
    case $target in
    +*) run_beside "${target#+}" ;;
    # Not lower: among them are tests that lose patience.
    -*) run_beside "${target#-}" 10 ;;
    *) run "$target" || failed=$target ;;
    esac
    await_beside ended
    [ -z "$failed" ] || break
done
await_beside
echo "How long each took (of the processors, in its own code and in the system's):"
cat "$SCRATCH/times"
[ -z "$failed" ] || fail "$failed failed"
