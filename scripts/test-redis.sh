#!/usr/bin/env bash
# Redis's own test suite, against this server: the units below, in external mode. What
# needs another data type, scripts or replication is in scripts/redis/skip.txt, with its
# reason.
#
#   test-redis.sh ENGINE [UNIT]...      default: every unit of scripts/redis/units.txt
#
# MANTISDB_REDIS_VERBOSE=1 prints each test.
source "$(dirname "$0")/common.sh"
if ! command -v apt-get >/dev/null; then
    echo "redis suite: left out, since there is no apt-get to fetch it with" >&2
    exit 0
fi
scripts/require.sh go tclsh
scratch

engine=${1:?which engine: rust or go}
shift
[ $# -gt 0 ] || mapfile -t units < <(grep -v '^#' scripts/redis/units.txt)
[ $# -eq 0 ] || units=("$@")

suite=$(scripts/redis-source.sh)
if [ "$engine" = go ]; then
    CGO_ENABLED=0 go build -o "$SCRATCH/mantisdb" ./cmd/mantisdb
else
    CGO_ENABLED=1 go build -tags rust -o "$SCRATCH/mantisdb" ./cmd/mantisdb
fi

"$SCRATCH/mantisdb" --engine="$engine" --port=0 --log-format=json --redis-debug-commands >"$SCRATCH/server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$SCRATCH"' EXIT
for _ in $(seq 100); do
    port=$(sed -n 's|.*"url":"http://127.0.0.1:\([0-9]*\)".*|\1|p' "$SCRATCH/server.log" | head -n 1)
    [ -n "$port" ] && break
    sleep 0.1
done
[ -n "$port" ] || { cat "$SCRATCH/server.log" >&2; fail "the server did not start"; }

grep -v '^#' scripts/redis/skip.txt | sed 's/ *##.*//' | grep -v '^$' >"$SCRATCH/skip" || true
arguments=()
for unit in "${units[@]}"; do
    arguments+=(--single "$unit")
done
cd "$suite"
status=0
tclsh tests/test_helper.tcl --host 127.0.0.1 --port "$port" --clients 1 --timeout 120 \
    --skipfile "$SCRATCH/skip" --tags "-needs:repl" "${arguments[@]}" >"$SCRATCH/log" 2>&1 || status=$?
sed 's/\x1b\[[0-9;]*m//g' "$SCRATCH/log" >"$SCRATCH/plain"
if [ "$status" != 0 ] || [ -n "${MANTISDB_REDIS_VERBOSE:-}" ]; then
    cat "$SCRATCH/plain"
fi
kill -0 $server 2>/dev/null || { tail -n 40 "$SCRATCH/server.log" >&2; fail "the server ended"; }
echo "redis suite, engine $engine: $(grep -c '^\[ok\]' "$SCRATCH/plain") passed, $(grep -c '^\[err\]' "$SCRATCH/plain") failed, $(grep -c '^\[skip\]' "$SCRATCH/plain") skipped by name, $(grep -c '^\[ignore\]' "$SCRATCH/plain") ignored by tags"
exit "$status"
