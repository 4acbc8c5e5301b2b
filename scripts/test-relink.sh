#!/usr/bin/env bash
# Checks that a plain `go build -tags rust` links a changed core anew, and leaves
# an unchanged one alone. Works on a copy of the checkout's sources.
source "$(dirname "$0")/common.sh"
scripts/require.sh go rust cc binutils
scratch
[ -f "$ARCHIVE" ] || fail "$ARCHIVE is missing: run \`make build-rust-core\`"

copy=$SCRATCH/checkout
mkdir -p "$copy/target/mantisdb"
cp -R go.mod go.sum ./*.go storage scripts rust-core Cargo.toml Cargo.lock "$copy"
[ ! -d internal ] || cp -R internal "$copy"
cp "$ARCHIVE" "$copy/$ARCHIVE"
cd "$copy"

build() {
    go build -tags rust -o "$SCRATCH/consumer" ./scripts/consumer &&
        sha256sum <"$SCRATCH/consumer"
}

first=$(build)
[ "$(build)" = "$first" ] || fail "the same core gave another binary: the test proves nothing"

# A changed core: the same code, with a mark that the linker carries over.
mark="changed-core-$$"
printf '%s' "$mark" >"$SCRATCH/mark"
objcopy --add-section=.mantisdb_mark="$SCRATCH/mark" "$ARCHIVE"
[ "$(build)" = "$first" ] || fail "Go has come to hash archives: core_stamp.h is no longer needed"
scripts/stamp-core.sh
[ "$(build)" != "$first" ] || fail "a changed core was not linked anew"
grep -q "$mark" "$SCRATCH/consumer" || fail "the binary was rebuilt without the changed core"

# Without a core the error says what to run.
rm internal/core/core_stamp.h
if build 2>"$SCRATCH/stderr" >/dev/null; then
    fail "a build without a core succeeded"
fi
# shellcheck disable=SC2016
grep -q 'run `make build-rust-core`' "$SCRATCH/stderr" || fail "a missing core is not explained: $(cat "$SCRATCH/stderr")"
echo "relink: a changed core is linked anew, a missing one is explained"
