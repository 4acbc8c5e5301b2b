#!/usr/bin/env bash
# Counts the instructions of operations on fixed inputs by valgrind's callgrind, and fails
# if one takes more than the baseline allows. Left out without valgrind.
#
#   test-instructions.sh            compares, and tries the gate itself
#   test-instructions.sh --write    writes the baseline anew
source "$(dirname "$0")/common.sh"
scripts/require.sh go rust cc
BASELINE=tools/instructions/baseline.json

if ! scripts/require.sh valgrind; then
    [ "${1-}" != --write ] || exit 1
    echo "instructions: valgrind is not installed, they are not counted (Debian: apt-get install valgrind)" >&2
    exit 0
fi

# As what ships is built; a program of its own, so that what only tests need is not.
cargo build --quiet --release --package mantisdb-instructions
CGO_ENABLED=0 go build -trimpath -buildvcs=false -o target/instructions/ ./tools/instructions ./tools/instructions/protocol
programs=("${CARGO_TARGET_DIR:-target}/release/mantisdb-instructions" target/instructions/protocol)

# count OPTION...: what tools/instructions says to them.
count() {
    target/instructions/instructions "$@" "$BASELINE" "${programs[@]}"
}

if [ "${1-}" = --write ]; then
    count -write
    exit
fi
count

# A gate that nothing can fail would say nothing: with a tenth more work it refuses.
scratch
if count -only resp_pipeline_16 -slower 10 >"$SCRATCH/slower" 2>&1; then
    cat "$SCRATCH/slower"
    fail "a tenth more work was not refused"
fi
grep -q SLOWER "$SCRATCH/slower" || fail "a tenth more work was refused for another reason: $(cat "$SCRATCH/slower")"
