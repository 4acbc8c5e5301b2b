#!/usr/bin/env bash
# Checks the archive that users link: what it exports, that it holds no bitcode,
# and that a second Rust archive fits into the same program.
source "$(dirname "$0")/common.sh"
scripts/require.sh rust cc binutils
scratch
[ -f "$ARCHIVE" ] || fail "$ARCHIVE is missing: run \`make build-rust-core\`"

# Only the C ABI is global, and the header declares each of its symbols.
foreign=$(globals "$ARCHIVE" | grep -v '^mantisdb_' || true)
[ -z "$foreign" ] || fail "global symbols outside the C ABI: $foreign"
exports "$ARCHIVE" >"$SCRATCH/exports"
grep -oE '\bmantisdb_[a-z0-9_]+\(' rust-core/include/mantisdb_core.h | tr -d '(' | sort -u >"$SCRATCH/declared"
diff "$SCRATCH/declared" "$SCRATCH/exports" ||
    fail "the header (<) and the archive (>) disagree"

# What is left undefined comes from the C library; none of it is Rust's.
undefined=$(readelf --symbols --wide "$ARCHIVE" | awk '$7 == "UND" {print $8}' | grep -E '^(_R|_ZN|__rust|rust_)' || true)
[ -z "$undefined" ] || fail "undefined Rust symbols: $undefined"

sections=$(readelf --section-headers --wide "$ARCHIVE" | grep -oE '\.llvm[a-z_.]*' | sort -u || true)
[ -z "$sections" ] || fail "LLVM sections left: $sections"

# A renamed copy of the core, and an ordinary Rust archive with a standard
# library and an allocator of its own, in one program with it.
mkdir "$SCRATCH/copy"
sed 's/^mantisdb_\(.*\)/mantisdb_\1 other_\1/' "$SCRATCH/exports" >"$SCRATCH/renames"
objcopy --redefine-syms="$SCRATCH/renames" "$ARCHIVE" "$SCRATCH/libother.a"
cat >"$SCRATCH/ordinary.rs" <<'EOF'
#[unsafe(no_mangle)]
pub extern "C" fn ordinary(n: usize) -> usize {
    let caught = std::panic::catch_unwind(|| std::hint::black_box(vec![1_u8; 2])[n]);
    caught.map_or(7, usize::from)
}
EOF
rustc --edition 2024 -O --crate-type staticlib -o "$SCRATCH/libordinary.a" "$SCRATCH/ordinary.rs"
cat >"$SCRATCH/main.c" <<'EOF'
#include <mantisdb_core.h>

uint32_t other_abi_version(void);
size_t ordinary(size_t);

int main(void) {
    /* ordinary(9) panics and recovers within its own standard library. */
    return mantisdb_abi_version() == other_abi_version() && ordinary(0) == 1 && ordinary(9) == 7 ? 0 : 1;
}
EOF
cc -Wall -Werror -Irust-core/include -o "$SCRATCH/main" "$SCRATCH/main.c" \
    "$ARCHIVE" "$SCRATCH/libother.a" "$SCRATCH/libordinary.a" -lm -ldl -lpthread
"$SCRATCH/main" 2>"$SCRATCH/stderr" || fail "three Rust archives in one program: it returned $?: $(cat "$SCRATCH/stderr")"

echo "archive: $(wc -l <"$SCRATCH/exports") exports, nothing else global, links beside other Rust archives"
