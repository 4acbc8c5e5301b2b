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
# plain `go build -tags rust`. Both files change only when the core does.
source "$(dirname "$0")/common.sh"
scripts/require.sh rust cc binutils

# Built as a static library alone: beside an rlib, cargo would leave link-time
# optimisation out.
cargo rustc --quiet --release --package mantisdb-core --lib --crate-type staticlib
built=${CARGO_TARGET_DIR:-target}/release/libmantisdb_core.a

out=$(dirname "$ARCHIVE")
mkdir -p "$out"
object=$out/mantisdb_core.o

exports "$built" >"$out/exports" ||
    fail "$built exports no mantisdb_ symbol"
mapfile -t keep < <(sed 's/^/--undefined=/' "$out/exports")

ld --relocatable --whole-archive --gc-sections --force-group-allocation \
    "${keep[@]}" -o "$object" "$built"
objcopy --wildcard --keep-global-symbol='mantisdb_*' --remove-section='.llvm*' "$object"
rm -f "$ARCHIVE.new"
ar rcsD "$ARCHIVE.new" "$object"
rm -f "$object" "$out/exports"

if cmp -s "$ARCHIVE.new" "$ARCHIVE"; then
    rm "$ARCHIVE.new"
else
    mv "$ARCHIVE.new" "$ARCHIVE"
fi

scripts/stamp-core.sh
