#!/usr/bin/env bash
# Makes stand-ins for the images that the Dockerfile is built on, where no registry of images
# can be reached: Debian by debootstrap, and the Go, the Rust and the Node of this machine in
# it. What is there already stays.
source "$(dirname "$0")/../common.sh"
source scripts/docker/storage.sh
scripts/require.sh go rust node buildah debootstrap

# has IMAGE: whether it is there.
has() { buildah inspect --type image "$1" >/dev/null 2>&1; }

# finish CONTAINER IMAGE: makes an image of what was done.
finish() {
    buildah unmount "$1" >/dev/null
    buildah commit --quiet --rm "$1" "$2" >/dev/null
    echo "made $2" >&2
}

# with_compiler: a container like the runtime's with a C compiler, and with the certificates
# by which this machine knows the registries of its languages.
with_compiler() {
    local container
    container=$(buildah from "$1")
    buildah run "$container" -- sh -c \
        'apt-get update -q && apt-get install -y -q --no-install-recommends gcc libc6-dev binutils' >"$PLACE/apt.log" 2>&1 ||
        { tail -n 20 "$PLACE/apt.log" >&2; fail "the C compiler could not be installed"; }
    buildah run "$container" -- mkdir -p /etc/ssl/certs
    buildah copy --quiet "$container" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ >/dev/null
    echo "$container"
}

make_runtime() {
    local container
    container=$(buildah from scratch)
    scripts/debian/root.sh "$(buildah mount "$container")"
    finish "$container" "$1"
}

# Go's own settings say from where it has modules.
make_go() {
    local container name
    container=$(with_compiler "$2")
    cp -a "$(go env GOROOT)" "$(buildah mount "$container")/usr/local/go"
    buildah config --env PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        --env GOTOOLCHAIN=local "$container"
    for name in GOPROXY GOSUMDB GONOSUMDB GONOPROXY GOPRIVATE GOINSECURE; do
        buildah config --env "$name=$(go env "$name")" "$container"
    done
    finish "$container" "$1"
}

# Cargo's are a file and variables.
make_rust() {
    local container mount home=${CARGO_HOME:-$HOME/.cargo} setting
    container=$(with_compiler "$2")
    mount=$(buildah mount "$container")
    mkdir -p "$mount/usr/local/cargo"
    tar -C "$(rustc --print sysroot)" --exclude=./share --exclude=./lib/rustlib/src -c . | tar -C "$mount/usr/local" --no-same-owner -x
    if [ -f "$home/config.toml" ]; then
        cp "$home/config.toml" "$mount/usr/local/cargo/"
    fi
    buildah config --env CARGO_HOME=/usr/local/cargo "$container"
    while read -r setting; do
        buildah config --env "$setting" "$container"
    done < <(env | grep -E '^CARGO_(HTTP|NET|REGISTR|SOURCE)' | grep -v '_TOKEN=' || true)
    finish "$container" "$1"
}

# npm's settings are in files and variables; the places where it has packages are all that is
# taken of them.
make_node() {
    local container mount
    container=$(with_compiler "$2")
    mount=$(buildah mount "$container")
    install -D "$(readlink -f "$(command -v node)")" "$mount/usr/local/bin/node"
    mkdir -p "$mount/usr/local/lib/node_modules"
    cp -a "$(npm root --global)/npm" "$mount/usr/local/lib/node_modules/"
    ln -s ../lib/node_modules/npm/bin/npm-cli.js "$mount/usr/local/bin/npm"
    buildah config --env npm_config_registry="$(npm config get registry)" \
        --env npm_config_cafile=/etc/ssl/certs/ca-certificates.crt "$container"
    finish "$container" "$1"
}

# Settings of the machine are in them, so they are made anew with another toolchain.
runtime=localhost/mantisdb-stand-in/debian
go=localhost/mantisdb-stand-in/golang:$(go env GOVERSION)
rust=localhost/mantisdb-stand-in/rust:$(rustc --version | awk '{print $2}')
node=localhost/mantisdb-stand-in/node:$(node --version)
has "$runtime" || make_runtime "$runtime"
has "$go" || make_go "$go" "$runtime"
has "$rust" || make_rust "$rust" "$runtime"
has "$node" || make_node "$node" "$runtime"
echo "--build-arg NODE_IMAGE=$node --build-arg RUNTIME_IMAGE=$runtime --build-arg GO_IMAGE=$go --build-arg RUST_IMAGE=$rust"
