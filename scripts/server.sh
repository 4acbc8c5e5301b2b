# Sourced behind common.sh by the scripts that need a running server.
# shellcheck shell=bash disable=SC2034

# build_server ENGINE FILE: the program with what the engine takes.
build_server() {
    scripts/require.sh go
    if [ "$1" = go ]; then
        CGO_ENABLED=0 go build -o "$2" ./cmd/mantisdb
    else
        scripts/require.sh cc
        CGO_ENABLED=1 go build -tags rust -o "$2" ./cmd/mantisdb
    fi
}

# port_of LOG: the port that a server's log in JSON tells; nothing before it does.
port_of() {
    [ -e "$1" ] || return 0 # the server was started, but does not run yet
    sed -n 's|.*"url":"https\{0,1\}://127.0.0.1:\([0-9]*\)".*|\1|p' "$1" | tail -n 1
}

# await_port LOG: sets $port, once the server tells it.
await_port() {
    for _ in $(seq 300); do
        port=$(port_of "$1")
        [ -z "$port" ] || return 0
        sleep 0.1
    done
    cat "$1" >&2
    fail "the server did not start"
}
