#!/usr/bin/env bash
# Runs the fuzz targets of the core, each for FUZZ_SECONDS (60), from the seeds
# in rust-core/fuzz/seeds. What they find is left in rust-core/fuzz/artifacts.
#
#   fuzz.sh [TARGET]...      default: all
#
# RUSTC_BOOTSTRAP opens the sanitizers of a stable compiler.
source "$(dirname "$0")/common.sh"
scripts/require.sh rust cc

CARGO_FUZZ=0.13.2
export RUSTC_BOOTSTRAP=1
tool=$ROOT/target/tools
if ! "$tool/bin/cargo-fuzz" --version 2>/dev/null | grep -q " $CARGO_FUZZ\$"; then
    cargo install --quiet --locked --root "$tool" --version "=$CARGO_FUZZ" cargo-fuzz
fi

cd rust-core
fuzz() {
    "$tool/bin/cargo-fuzz" fuzz "$@"
}
[ $# -gt 0 ] || mapfile -t targets < <(fuzz list)
[ $# -eq 0 ] || targets=("$@")
for target in "${targets[@]}"; do
    # New inputs go to the first directory, which is not kept.
    mkdir -p "fuzz/corpus/$target"
    fuzz run "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="${FUZZ_SECONDS:-60}" -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1
    echo "fuzz: $target found nothing in ${FUZZ_SECONDS:-60} s"
done
