# Sourced by the scripts that take tours with clients: installs those under target/clients, of
# pinned versions.
# shellcheck shell=bash

place=$ROOT/target/clients
mkdir -p "$place"

# installed NAME FILE COMMAND...: runs the command unless it has been for the same file.
installed() {
    local stamp=$place/$1.stamp
    cmp -s "$2" "$stamp" && return
    rm -f "$stamp"
    "${@:3}" >"$SCRATCH/install.log" 2>&1 || { cat "$SCRATCH/install.log" >&2; fail "cannot install $1"; }
    cp "$2" "$stamp"
}

install_python() {
    rm -rf "$place/python"
    python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$place/python" \
        --requirement scripts/clients/python/requirements.txt
}

install_node() {
    mkdir -p "$place/node"
    cp scripts/clients/node/package*.json "$place/node"
    npm ci --prefix "$place/node" --no-audit --no-fund
}

# with_redis_py FILE ARGUMENT...: runs a program of scripts/clients/python.
with_redis_py() {
    installed redis-py scripts/clients/python/requirements.txt install_python
    PYTHONPATH=$place/python PYTHONDONTWRITEBYTECODE=1 python3 "scripts/clients/python/$1" "${@:2}"
}

# with_ioredis FILE ARGUMENT...: runs a program of scripts/clients/node.
with_ioredis() {
    installed ioredis scripts/clients/node/package-lock.json install_node
    TOUR_MODULES=$place/node node "scripts/clients/node/$1" "${@:2}"
}

# with_go_redis ARGUMENT...: runs the program in scripts/clients/go.
with_go_redis() {
    (cd scripts/clients/go && CGO_ENABLED=0 go build -o "$SCRATCH/go-redis" .)
    "$SCRATCH/go-redis" "$@"
}
