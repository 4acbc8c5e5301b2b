#!/usr/bin/env bash
# Real clients of Redis against the server: each takes a tour of the protocol, from
# connecting to a restart of the server under it. The tours are in scripts/clients.
#
#   test-clients.sh ENGINE [TOUR]...    default: every tour
#
# The clients are of pinned versions, and are installed under target/clients.
source "$(dirname "$0")/common.sh"
# shellcheck source=SCRIPTDIR/server.sh
source "$ROOT/scripts/server.sh"
scripts/require.sh go pip redis-cli openssl
scratch
# shellcheck source=SCRIPTDIR/clients/install.sh
source "$ROOT/scripts/clients/install.sh"

engine=${1:?which engine: rust or go}
shift
tours=("$@")
if [ $# -eq 0 ]; then
    tours=(redis-py go-redis redis-cli)
    # Debian 12 has none that ioredis takes.
    if scripts/require.sh node; then
        tours+=(ioredis)
    else
        echo "clients: the tour of ioredis is left out" >&2
    fi
fi

take_redis_py() { with_redis_py tour.py; }

take_ioredis() { with_ioredis tour.mjs; }

take_go_redis() { with_go_redis server; }

take_redis_cli() { scripts/clients/redis-cli.sh; }

build_server "$engine" "$SCRATCH/mantisdb"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$SCRATCH/key.pem" -out "$SCRATCH/cert.pem" 2>/dev/null
echo 'user default off
user app on >secret ~app:* &app:* +@all -@dangerous +info' >"$SCRATCH/users.acl"

# serve: a server that starts anew on its port whenever a client has ended it.
serve() {
    local port=0
    until [ -e "$SCRATCH/ended" ]; do
        "$SCRATCH/mantisdb" --engine="$engine" --port="$port" --unix-socket="$SCRATCH/socket" --log-format=json \
            --data-dir="$SCRATCH/data" --durability=buffered >>"$SCRATCH/server.log" 2>&1 &
        echo $! >"$SCRATCH/server.pid"
        wait $! || touch "$SCRATCH/ended"
        port=$(port_of "$SCRATCH/server.log")
    done
}

# stop: ends both servers.
stop() {
    touch "$SCRATCH/ended"
    kill "$(cat "$SCRATCH/server.pid")" "$encrypted" 2>/dev/null || true
    wait "$server" "$encrypted" 2>/dev/null || true
}

serve &
server=$!
"$SCRATCH/mantisdb" --engine="$engine" --port=0 --log-format=json --users="$SCRATCH/users.acl" \
    --tls-cert="$SCRATCH/cert.pem" --tls-key="$SCRATCH/key.pem" >"$SCRATCH/encrypted.log" 2>&1 &
encrypted=$!
trap 'stop; rm -rf "$SCRATCH"' EXIT

await_port "$SCRATCH/server.log"
export TOUR_PORT=$port
await_port "$SCRATCH/encrypted.log"
export TOUR_TLS_PORT=$port TOUR_CERTIFICATE=$SCRATCH/cert.pem TOUR_SOCKET=$SCRATCH/socket

for tour in "${tours[@]}"; do
    status=0
    told=$("take_${tour//-/_}") || status=$?
    if [ "$status" != 0 ]; then
        grep -v '"level":"INFO"' "$SCRATCH/server.log" | tail -n 20 >&2 || true
        fail "the tour of $tour failed with the engine $engine"
    fi
    echo "clients, engine $engine: $told"
done
if grep -h '"level":"ERROR"' "$SCRATCH/server.log" "$SCRATCH/encrypted.log"; then
    fail "the server logged errors"
fi
[ ! -e "$SCRATCH/ended" ] || fail "the server ended by itself: $(tail -n 5 "$SCRATCH/server.log")"
