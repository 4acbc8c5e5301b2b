#!/usr/bin/env bash
# Builds the Rust core into target/mantisdb/libmantisdb_core.a, an archive that
# is safe to link into anybody's Go program:
#
#   - one relocatable object, with what nothing exported needs dropped;
#   - only mantisdb_* is global, so that a second Rust archive in the same
#     program, with its own copy of the standard library, cannot collide;
#   - no LLVM sections: Go refuses an object with bitcode in it.
#
# Go does not hash archives, so the archive's digest is left in
# internal/core/core_stamp.h, which Go does hash: a changed core is linked anew by a
# plain `go build -tags rust`. Both files change only when the core does, and several may
# build at a time.
source "$(dirname "$0")/common.sh"
scripts/require.sh rust cc binutils

# Built as a static library alone: beside an rlib, cargo would leave link-time
# optimisation out.
cargo rustc --quiet --release --package mantisdb-core --lib --crate-type staticlib
built=${CARGO_TARGET_DIR:-target}/release/libmantisdb_core.a

out=$(dirname "$ARCHIVE")
mkdir -p "$out"
SCRATCH=$(mktemp -d "$out/build.XXXXXX") # on the same disk, so that the archive is moved in one step
trap 'rm -rf "$SCRATCH"' EXIT
object=$SCRATCH/mantisdb_core.o
linkable=$SCRATCH/${ARCHIVE##*/}

exports "$built" >"$SCRATCH/exports" ||
    fail "$built exports no mantisdb_ symbol"
mapfile -t keep < <(sed 's/^/--undefined=/' "$SCRATCH/exports")

ld --relocatable --whole-archive --gc-sections --force-group-allocation \
    "${keep[@]}" -o "$object" "$built"
objcopy --wildcard --keep-global-symbol='mantisdb_*' --remove-section='.llvm*' "$object"
ar rcsD "$linkable" "$object"
cmp -s "$linkable" "$ARCHIVE" || mv "$linkable" "$ARCHIVE"

scripts/stamp-core.sh
