#!/usr/bin/env bash
# MantisDB beside its peers: builds both halves of benchmarks/, puts every engine
# through every scenario, and leaves records and a report in
# benchmarks/results/. Settings are environment variables:
#
#   ENGINES    which, by default all that are built
#   SCENARIOS  which, by default "sync memory larger compaction recovery"
#   ROUNDS     how often, by default 3; the engines' order differs in each
#   KEYS       distinct keys, by default 1000000
#   VALUES     lengths of values, by default "100 1024"
#   SECONDS_EACH  seconds of each timed phase, by default 5
#   LOG_BYTES  written before the kill, by default 1 GiB
#   RUN_LIMIT  seconds after which one run of a scenario is given up, by default 1800
#   ROCKSDB=no builds without RocksDB, which takes half an hour to compile
#   DATA_DIR   where the stores put their data, by default target/peers-data
source "$(dirname "$0")/common.sh"
scripts/require.sh go rust cc c++ binutils

: "${ROUNDS:=3}" "${KEYS:=1000000}" "${VALUES:=100 1024}" "${SECONDS_EACH:=5}" "${LOG_BYTES:=1073741824}"
: "${SCENARIOS:=sync memory larger compaction recovery}" "${ROCKSDB:=yes}"
: "${RUN_LIMIT:=1800}" "${DATA_DIR:=$ROOT/target/peers-data}"

export CARGO_TARGET_DIR=$ROOT/target/peers
GO_PEERS=$CARGO_TARGET_DIR/peers
RUST_PEERS=$CARGO_TARGET_DIR/release/mantisdb-peers

build() {
    local features=(--no-default-features --bin mantisdb-peers --features)
    if [ "$ROCKSDB" = no ]; then
        features+=(stores)
    else
        features+=(rocksdb)
    fi
    if [ "$ROCKSDB" != no ] && [ ! -e "$CARGO_TARGET_DIR/release/mantisdb-peers" ]; then
        echo "compiling RocksDB takes half an hour on a processor; ROCKSDB=no leaves it out" >&2
        has_libclang || fail "libclang is needed to build the RocksDB binding (Debian: apt-get install libclang1 libclang-common-14-dev), or set ROCKSDB=no"
    fi
    CARGO_TARGET_DIR=target scripts/build-core.sh
    (cd benchmarks && CGO_ENABLED=1 go build -tags rust -o "$GO_PEERS" ./cmd/peers)
    cargo build --release --locked --manifest-path benchmarks/rust/Cargo.toml "${features[@]}"
}

has_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] || ldconfig -p | grep -q libclang ||
        compgen -G '/usr/lib/llvm*/lib/libclang*.so*' >/dev/null
}

# program ENGINE: the half that has it.
program() {
    if "$GO_PEERS" engines | grep -x -- "$1" >/dev/null; then
        echo "$GO_PEERS"
    elif "$RUST_PEERS" engines | grep -x -- "$1" >/dev/null; then
        echo "$RUST_PEERS"
    else
        fail "no engine $1: there are $(all_engines)"
    fi
}

all_engines() {
    { "$GO_PEERS" engines && "$RUST_PEERS" engines; } | tr '\n' ' '
}

# measure ROUND ENGINE VALUE_BYTES SCENARIO: appends the records; what fails is
# told and left out of the report.
measure() {
    echo "round $1: $2, values of $3 bytes: $4" >&2
    sync # the last engine's writes are not this one's
    timeout "$RUN_LIMIT" "$(program "$2")" run --engine="$2" --scenario="$4" --round="$1" --seed="$1" --keys="$KEYS" \
        --value-size="$3" --seconds="$SECONDS_EACH" --log-bytes="$LOG_BYTES" --dir="$DATA_DIR" >>"$RECORDS" ||
        { echo "round $1: $2, values of $3 bytes: $4: FAILED" >&2 && failures=$((failures + 1)); }
}

build
: "${ENGINES:=$(all_engines)}"
mkdir -p benchmarks/results
NAME=benchmarks/results/$(date -u +%Y-%m-%d-%H%M)-$(nproc)cpu
RECORDS=$NAME.jsonl
: >"$RECORDS"
failures=0
read -ra engines <<<"$ENGINES"
for engine in "${engines[@]}"; do
    program "$engine" >/dev/null
done
for round in $(seq "$ROUNDS"); do
    for bytes in $VALUES; do
        for scenario in $SCENARIOS; do
            for engine in $(shuf -e "${engines[@]}"); do
                measure "$round" "$engine" "$bytes" "$scenario"
            done
        done
    done
done
rm -rf "$DATA_DIR"

{
    "$GO_PEERS" report "$RECORDS"
    printf '\nMeasured %s on %s processors (%s), Linux %s, %s, the data on %s.\n' "$(date -u +%F)" "$(nproc)" \
        "$(awk -F': ' '/^model name/ {print $2; exit}' /proc/cpuinfo)" "$(uname -r)" \
        "$(awk '/^MemTotal/ {printf "%.0f GiB of memory", $2 / 1048576}' /proc/meminfo)" \
        "$(stat -f -c %T "$ROOT")"
} >"$NAME.md"
echo "$NAME.md"
[ "$failures" = 0 ] || fail "$failures runs failed: the report lacks their figures"
