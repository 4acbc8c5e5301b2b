#!/usr/bin/env bash
# Redis's own test suite, against this server: the units below, in external mode. What
# needs another data type, scripts or replication is in scripts/redis/skip.txt, with its
# reason.
#
#   test-redis.sh ENGINE [UNIT]...      default: every unit of scripts/redis/units.txt
#
# MANTISDB_REDIS_VERBOSE=1 prints each test.
source "$(dirname "$0")/common.sh"
# shellcheck source=SCRIPTDIR/server.sh
source "$ROOT/scripts/server.sh"
if ! command -v apt-get >/dev/null; then
    echo "redis suite: left out, since there is no apt-get to fetch it with" >&2
    exit 0
fi
scripts/require.sh tclsh
scratch

engine=${1:?which engine: rust or go}
shift
[ $# -gt 0 ] || mapfile -t units < <(grep -v '^#' scripts/redis/units.txt)
[ $# -eq 0 ] || units=("$@")

suite=$(scripts/redis-source.sh)
build_server "$engine" "$SCRATCH/mantisdb"
"$SCRATCH/mantisdb" --engine="$engine" --port=0 --log-format=json --redis-debug-commands >"$SCRATCH/server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$SCRATCH"' EXIT
await_port "$SCRATCH/server.log"

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
