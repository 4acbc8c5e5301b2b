#!/usr/bin/env bash
# MantisDB beside what one would use instead: installs and builds all of them, puts
# each through its scenarios, round after round, and leaves results, a page and charts
# in benchmarks/results/. What cannot be installed or built is told and left out.
# Settings are environment variables:
#
#   SCALE          small, one short round, or full, for an hour or more; by default full
#   ONLY           a regular expression over group/engine/scenario
#   ROUNDS, KEYS   instead of the scale's
#   PHASE_SECONDS  of each timed phase, instead of the scale's
#   SEED           decides the order of systems, by default 1
#   ROCKSDB=no     builds without RocksDB, which takes half an hour to compile
#   DATA_DIR       where systems put their data, by default target/peers-data
#   PLAN=yes       builds all and tells what would be done
source "$(dirname "$0")/common.sh"
scripts/require.sh go rust cc c++ binutils
: "${ROCKSDB:=yes}"

export CARGO_TARGET_DIR=$ROOT/target/peers
left_out=()

# leave_out NAME REASON: a group, a system or a scenario.
leave_out() {
    echo "${0##*/}: left out: $1: $2" >&2
    left_out+=("--left-out=$1: $2")
}

# want TOOL NAME...: installs a tool, or leaves out what needs it.
want() {
    local name
    scripts/require.sh "$1" && return
    for name in "${@:2}"; do
        leave_out "$name" "$1 could not be installed"
    done
}

build_go() {
    CARGO_TARGET_DIR=target make --silent build-rust
    (cd benchmarks && CGO_ENABLED=1 go build -tags rust -o "$CARGO_TARGET_DIR/" ./cmd/compare ./cmd/peers ./cmd/caches ./cmd/servers)
}

# build_rust FEATURE: the programs of Rust, with the stores of a feature.
build_rust() {
    cargo build --release --locked --manifest-path benchmarks/rust/Cargo.toml --no-default-features --features "caches,$1"
}

build_peers() {
    if [ "$ROCKSDB" = no ]; then
        leave_out rocksdb "ROCKSDB=no"
    elif ! scripts/require.sh libclang; then
        leave_out rocksdb "libclang could not be installed"
    else
        [ -e "$CARGO_TARGET_DIR/release/mantisdb-peers" ] ||
            echo "compiling RocksDB takes half an hour on a processor; ROCKSDB=no leaves it out" >&2
        build_rust rocksdb && return
        leave_out rocksdb "it could not be built"
    fi
    build_rust stores
}

want redis-server redis
want redis-cli protocol protocol_log protocol_sync http
want memcached memcached
want etcd etcd
want wrk http
build_go
build_peers

# flag NAME VALUE: the flag, if there is a value.
flag() {
    [ -z "$2" ] || flags+=("--$1=$2")
}

flags=(--bin="$CARGO_TARGET_DIR" --mantisdb="$ROOT/mantisdb-rust" --data-dir="${DATA_DIR:-$ROOT/target/peers-data}"
    --results="$ROOT/benchmarks/results" --commit="$(git describe --always --dirty 2>/dev/null || echo unknown)")
flag scale "${SCALE:-}"
flag only "${ONLY:-}"
flag rounds "${ROUNDS:-}"
flag keys "${KEYS:-}"
flag seconds "${PHASE_SECONDS:-}"
flag seed "${SEED:-}"
command=run
[ "${PLAN:-no}" = no ] || command=plan
exec "$CARGO_TARGET_DIR/compare" "$command" "${flags[@]}" ${left_out[@]+"${left_out[@]}"}
