#!/usr/bin/env bash
# Cluster clients of Redis against a cluster of real processes: each takes a tour of one that is
# left alone, and then loads it while leaders change, shards are moved and nodes are restarted.
# No command may fail, as the client tells it. The tours are in scripts/clients.
#
#   test-cluster-clients.sh ENGINE [CLIENT]...    default: every client
source "$(dirname "$0")/common.sh"
# shellcheck source=SCRIPTDIR/server.sh
source "$ROOT/scripts/server.sh"
scripts/require.sh go pip curl
scratch
# shellcheck source=SCRIPTDIR/clients/install.sh
source "$ROOT/scripts/clients/install.sh"

engine=${1:?which engine: rust or go}
shift
clients=("$@")
if [ $# -eq 0 ]; then
    clients=(go-redis redis-py)
    # Debian 12 has none that ioredis takes.
    if scripts/require.sh node; then
        clients+=(ioredis)
    else
        echo "cluster clients: ioredis is left out" >&2
    fi
fi
build_server "$engine" "$SCRATCH/mantisdb"

tour_go_redis() { with_go_redis cluster; }
load_go_redis() { with_go_redis load; }
tour_redis_py() { with_redis_py cluster_tour.py; }
load_redis_py() { with_redis_py cluster_tour.py load; }
tour_ioredis() { with_ioredis cluster_tour.mjs; }
load_ioredis() { with_ioredis cluster_tour.mjs load; }

# Ports that are free: of each node those for clients, for cluster clients and the one behind it,
# for other nodes and the one behind that.
mapfile -t ports < <(python3 - <<'PYTHON'
import random
import socket


def free(port, n):
    try:
        for i in range(n):
            with socket.socket() as s:
                s.bind(("127.0.0.1", port + i))
        return True
    except OSError:
        return False


start = random.randrange(20000, 30000, 5)  # below those that the system gives to others
for _ in range(4):
    while not free(start, 5):
        start += 5
    print(start)
    start += 5
PYTHON
)
nodes=4
client_of() { echo "127.0.0.1:${ports[$1 - 1]}"; }
peer_of() { echo "127.0.0.1:$((ports[$1 - 1] + 3))"; }
first="1=$(peer_of 1),2=$(peer_of 2),3=$(peer_of 3)"

# start NODE: the first three make the cluster, the fourth joins it.
start() {
    local how=(--cluster-peers="$first")
    [ "$1" -le 3 ] || how=(--cluster-join="$(peer_of 1)")
    "$SCRATCH/mantisdb" --engine="$engine" --port="${ports[$1 - 1]}" --data-dir="$SCRATCH/data-$1" --log-format=json \
        --cluster-node="$1" --cluster-address="$(peer_of "$1")" --cluster-redis-port="$((ports[$1 - 1] + 1))" "${how[@]}" \
        >>"$SCRATCH/node-$1.log" 2>&1 &
    echo $! >"$SCRATCH/node-$1.pid"
}

# stop NODE: as an operator does, and waits for its end.
stop() {
    local pid
    pid=$(cat "$SCRATCH/node-$1.pid")
    kill "$pid" 2>/dev/null || return 0
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

trap 'for node in $(seq $nodes); do [ ! -e "$SCRATCH/node-$node.pid" ] || kill -9 "$(cat "$SCRATCH/node-$node.pid")" 2>/dev/null || true; done; wait; rm -rf "$SCRATCH"' EXIT

# cluster ARGUMENT...: a command of `mantisdb cluster` at the first node that answers.
cluster() {
    local node
    for node in $(seq $nodes); do
        "$SCRATCH/mantisdb" cluster "$@" --server="http://$(client_of "$node")" 2>>"$SCRATCH/cluster.log" && return
    done
    return 1
}

# shard_of FIELD SHARD: of a shard, its leader or its replicas, a number a line.
shard_of() {
    cluster status --json | python3 -c 'import json, sys
value = json.load(sys.stdin)["shards"][int(sys.argv[2])][sys.argv[1]]
print(*(value if isinstance(value, list) else [value]), sep="\n")' "$@"
}

# settled NODES: waits until so many nodes are reachable, and every shard has a leader and three replicas.
settled() {
    for _ in $(seq 600); do
        cluster status --json 2>/dev/null | python3 -c 'import json, sys
c = json.load(sys.stdin)
up = sum(n["reachable"] for n in c["nodes"])
sys.exit(not (up >= int(sys.argv[1]) and all(s["leader"] and len(s["replicas"]) == 3 for s in c["shards"])))' "$1" 2>/dev/null && return
        sleep 0.2
    done
    fail "the cluster did not settle: $(cluster status || true)"
}

# steady: waits until no leader has changed for some seconds, since the cluster spreads them.
steady() {
    local before='' now
    for _ in $(seq 20); do
        now=$(cluster status --json | python3 -c 'import json, sys
print(*((s["leader"], s["term"]) for s in json.load(sys.stdin)["shards"]))')
        [ "$now" != "$before" ] || return 0
        before=$now
        sleep 5
    done
    fail "leaders went on changing: $(cluster status || true)"
}

# disturb: what operators do to a cluster, one after the other, for as long as a load goes on.
disturb() {
    local shard node from to
    for shard in 0 3 6 9 12 15; do
        to=$(shard_of replicas "$shard" | grep -vx "$(shard_of leader "$shard")" | head -n 1)
        cluster lead "$shard" "$to" >&2 || true # may be refused: another change is under way
        sleep 0.5
    done
    for shard in 1 7 13; do
        from=$(shard_of leader "$shard")
        to=$(seq $nodes | grep -vxF "$(shard_of replicas "$shard")")
        cluster move "$shard" "$from" "$to" >&2 || true
        sleep 3
    done
    for node in 1 2 3 4; do
        stop "$node"
        sleep 1
        start "$node"
        settled "$nodes"
        sleep 2
    done
}

for node in 1 2 3; do start "$node"; done
settled 3
TOUR_NODES=$(client_of 1),$(client_of 2),$(client_of 3)
export TOUR_NODES

# complain WHAT: fails with what the nodes logged last.
complain() {
    for node in $(seq $nodes); do
        [ ! -e "$SCRATCH/node-$node.log" ] || tail -n 8 "$SCRATCH/node-$node.log" >&2
    done
    fail "$* (engine $engine)"
}

steady
for client in "${clients[@]}"; do
    told=$("tour_${client//-/_}") || complain "the tour of $client failed"
    echo "cluster clients, engine $engine: $told"
done
start 4 # which gets its share of the replicas while the first client loads the cluster
for client in "${clients[@]}"; do
    told=$( (settled "$nodes"; disturb) | "load_${client//-/_}") || complain "the load of $client failed"
    echo "cluster clients, engine $engine: under changes: $told"
    settled "$nodes"
done
