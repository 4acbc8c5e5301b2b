#!/usr/bin/env bash
# Runs an image as an engine would, and asks for what it promises: test-docker.sh calls this
# in namespaces of its own, where no process and no port is but those of the image.
#
#   try-image.sh IMAGE VERSION
source "$(dirname "$0")/../common.sh"
source scripts/docker/storage.sh
image=${1:?which image} version=${2:?which version}
volume=$PLACE/volume
password=correct-horse

# of_image TEMPLATE: what the image says of itself.
of_image() { buildah inspect --type image --format "{{range .Docker.Config.$1}}{{println .}}{{end}}" "$image"; }
mapfile -t entrypoint < <(of_image Entrypoint | sed '/^$/d')
mapfile -t command < <(of_image Cmd | sed '/^$/d')
mapfile -t health < <(of_image Healthcheck.Test | sed '/^$/d')
user=$(buildah inspect --type image --format '{{.Docker.Config.User}}' "$image")

# inside COMMAND...: runs it in the container, with the volume, as the image's user.
inside() { buildah run --env "MANTISDB_PASSWORD_FILE=${secret-}" --volume "$volume:/data" --volume "$PLACE/secret:/run/secrets:ro" "$container" -- "$@"; }

expect() { # WHAT GOT WANT
    [ "$2" = "$3" ] || { cat "$PLACE/server.log" >&2; fail "$1: got \"$2\", want \"$3\""; }
    echo "ok: $1" >&2
}

# healthy: whether the image's own check is content.
healthy() { [ "$(inside "${health[@]:1}" 2>&1)" = ok ]; }

start() {
    inside "${entrypoint[@]}" "${command[@]}" >"$PLACE/server.log" 2>&1 &
    engine=$!
    for _ in $(seq 150); do
        ! healthy || return 0
        kill -0 "$engine" 2>/dev/null || break
        sleep 0.2
    done
    cat "$PLACE/server.log" >&2
    fail "the server is not healthy"
}

# stop: ends the server as an engine does, which must be content with how it ended.
stop() {
    local code=0
    kill -TERM "$(pgrep -x mantisdb)"
    wait "$engine" || code=$?
    expect "the exit code after SIGTERM" "$code" 0
}

# redis LINE...: the answers to commands of the Redis protocol, on one line.
redis() {
    exec 3<>/dev/tcp/127.0.0.1/8080
    printf '%s\r\n' "AUTH $password" "$@" QUIT >&3
    tr -d '\r' <&3 | paste -s -d ' '
    exec 3>&-
}

http() { curl --silent --show-error --fail-with-body --user "default:$password" "$@"; }

rm -rf "$volume" "$PLACE/secret"
install -d "$PLACE/secret"
install -d -o "${user%:*}" -g "${user#*:}" -m 700 "$volume"
echo "$password" >"$PLACE/secret/password"
container=$(buildah from "$image")
trap 'buildah rm "$container" >/dev/null; rm -rf "$volume" "$PLACE/secret" "$PLACE/server.log"' EXIT

expect "the user is none with rights" "$user" 10001:10001
expect "the health check is a command of the program" "${health[*]}" "CMD mantisdb health"
expect "the signal to end by" "$(buildah inspect --type image --format '{{.Docker.Config.StopSignal}}' "$image")" SIGTERM
expect "the volume" "$(buildah inspect --type image --format '{{.Docker.Config.Volumes}}' "$image")" "map[/data:{}]"
expect "the port" "$(buildah inspect --type image --format '{{.Docker.Config.ExposedPorts}}' "$image")" "map[8080/tcp:{}]"

code=0
inside "${entrypoint[@]}" "${command[@]}" >"$PLACE/server.log" 2>&1 || code=$?
expect "without a password it does not start" "$code" 2
grep -q MANTISDB_PASSWORD "$PLACE/server.log" || fail "it does not say what to give: $(cat "$PLACE/server.log")"
if healthy; then fail "the health check is content without a server"; fi

secret=/run/secrets/password
start
server=$(pgrep -x mantisdb) || fail "there is no process of the server, or more than one"
expect "the process's user and group" "$(stat -c %u:%g "/proc/$server")" "$user"
expect "the engine" "$(http http://127.0.0.1:8080/api/v1/version | sed 's/.*"engine":"\([a-z]*\)".*/\1/')" rust
expect "the version" "$(http http://127.0.0.1:8080/api/v1/version | sed 's/.*"version":"\([^"]*\)".*/\1/')" "$version"
expect "who sends no password" "$(curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:8080/api/v1/kv/a)" 401
http --request PUT --data-binary 'by HTTP' http://127.0.0.1:8080/api/v1/kv/a
expect "a get over HTTP" "$(http http://127.0.0.1:8080/api/v1/kv/a)" "by HTTP"
expect "a put and a get over the Redis protocol" "$(redis 'SET b by-redis' 'GET b' 'GET a')" "+OK +OK \$8 by-redis \$7 by HTTP +OK"
expect "the data's owner" "$(stat -c %u:%g "$volume"/* | sort -u)" "$user"
stop

start
expect "what the volume kept" "$(redis 'GET a' 'GET b')" "+OK \$7 by HTTP \$8 by-redis +OK"
stop
