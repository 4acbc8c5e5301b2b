#!/usr/bin/env bash
# Runs the core's tests under AddressSanitizer (with leak detection) and
# ThreadSanitizer. First each has to catch a planted fault, so that silence
# means something.
#
#   test-sanitizers.sh [address|thread]...      default: both
#
# RUSTC_BOOTSTRAP opens the sanitizers of a stable compiler. The standard library
# stays uninstrumented; scripts/sanitizers/tsan.supp says what follows from it.
# The tests read MANTISDB_TEST_SCALE and do less: instrumented code is slow.
source "$(dirname "$0")/common.sh"
scripts/require.sh rust cc
scratch

host=$(rustc -vV | awk '$1 == "host:" {print $2}')
[[ $host == *-linux-gnu ]] || fail "sanitizers are supported on Linux with glibc, this is $host"

export RUSTC_BOOTSTRAP=1
export MANTISDB_TEST_SCALE=${MANTISDB_TEST_SCALE:-small}
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
export TSAN_OPTIONS="halt_on_error=1 suppressions=$ROOT/scripts/sanitizers/tsan.supp"

flags_of() {
    case $1 in
    address) echo "-Zsanitizer=address" ;;
    # The prebuilt standard library has another ABI in the compiler's eyes.
    thread) echo "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" ;;
    *) fail "unknown sanitizer $1: use address or thread" ;;
    esac
}

# must_catch SANITIZER PROGRAM REPORT: the planted fault is reported.
must_catch() {
    # shellcheck disable=SC2046
    rustc --edition 2024 $(flags_of "$1") -o "$SCRATCH/$2" "scripts/sanitizers/$2.rs"
    if "$SCRATCH/$2" >"$SCRATCH/report" 2>&1; then
        fail "the $1 sanitizer let scripts/sanitizers/$2.rs pass"
    fi
    grep -q "$3" "$SCRATCH/report" || fail "no report of \"$3\" for scripts/sanitizers/$2.rs"
}

# core_tests SANITIZER [ARGUMENT]...: the core's own tests. mimalloc would hide the heap from
# the sanitizer, so the system's allocator serves. crossbeam_sanitize makes the
# epoch collector free sooner. To optimise each part of the crate by itself spares a
# fifth of the time that it takes to compile.
core_tests() {
    RUSTFLAGS="$(flags_of "$1") --cfg crossbeam_sanitize" \
        CARGO_PROFILE_DEV_LTO=off CARGO_TARGET_DIR=target/sanitizers/$1 \
        cargo test --package mantisdb-core --no-default-features --lib --tests --target "$host" "${@:2}"
}

# build SANITIZER: compiles them, in time that the processors have left.
build() (
    renice --priority 19 --pid "$BASHPID" >/dev/null
    core_tests "$1" --no-run
)

[ $# -gt 0 ] || set -- address thread
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$SCRATCH"' EXIT # a build that is not needed any more
build "$1"
while [ $# -gt 0 ]; do
    sanitizer=$1
    shift
    [ $# -eq 0 ] || build "$1" & # the next one, while this one's tests run, which wait a lot
    case $sanitizer in
    address)
        must_catch address use_after_free heap-use-after-free
        must_catch address leak "detected memory leaks"
        ;;
    *) must_catch "$sanitizer" race "data race" ;;
    esac
    core_tests "$sanitizer"
    echo "sanitizers: $sanitizer caught its planted faults and found none in the core"
    wait $!
done
