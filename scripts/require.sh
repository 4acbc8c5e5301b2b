#!/usr/bin/env bash
# Checks that the named tools are there and new enough; a missing small one is
# installed where that needs no question (root, apt-get), else one line says what
# to install.
#
#   require.sh go rust cc c++ binutils pkg-config shellcheck valgrind tclsh pip node chromium redis-cli buildah debootstrap
#   require.sh redis-server memcached etcd wrk libclang ip nft
source "$(dirname "$0")/common.sh"

# at_least HAVE WANT: whether version HAVE is WANT or later.
at_least() {
    [ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# install_or_fail COMMAND PACKAGE: makes COMMAND available.
install_or_fail() {
    command -v "$1" >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing $2" >&2
        # The system may be installing something at the same time.
        local install=(apt-get install -y -q -o DPkg::Lock::Timeout=300 "$2")
        "${install[@]}" >/dev/null 2>&1 || { apt-get update -q >/dev/null 2>&1 && "${install[@]}" >/dev/null 2>&1; } || true
    fi
    command -v "$1" >/dev/null || fail "\`$1\` not found: install it (Debian: apt-get install $2)"
}

# install_server_or_fail COMMAND PACKAGE: the same, for what Debian would start as
# soon as it is installed: its policy for that says no meanwhile.
install_server_or_fail() {
    command -v "$1" >/dev/null && return
    local policy=/usr/sbin/policy-rc.d
    if [ "$(id -u)" = 0 ] && [ ! -e "$policy" ]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    install_or_fail "$1" "$2"
}

has_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] || ldconfig -p | grep -q 'libclang[-.0-9]*\.so' ||
        compgen -G '/usr/lib/llvm*/lib/libclang[-.][0-9s]*o*' >/dev/null # not libclang-cpp
}

# libclang is a library: no command tells that it is there.
require_libclang() {
    has_libclang && return
    (install_or_fail libclang libclang-dev 2>/dev/null) || true
    has_libclang || fail "libclang not found: install it (Debian: apt-get install libclang-dev)"
}

require_go() {
    local want have
    want=$(awk '$1 == "go" {print $2}' go.mod)
    command -v go >/dev/null || fail "Go not found: install Go $want or later from https://go.dev/dl"
    have=$(go env GOVERSION) || fail "Go does not run here: install Go $want or later from https://go.dev/dl"
    at_least "${have#go}" "$want" || fail "Go $want or later is needed, this is $have: see https://go.dev/dl"
}

require_rust() {
    local want have
    want=$(awk -F'"' '/^rust-version/ {print $2}' Cargo.toml)
    command -v cargo >/dev/null || fail "Rust not found: install Rust $want or later from https://rustup.rs"
    have=$(rustc --version | awk '{print $2}')
    at_least "$have" "$want" || fail "Rust $want or later is needed, this is $have: run \`rustup update stable\`"
}

require_binutils() {
    install_or_fail objcopy binutils
    ld --version 2>/dev/null | grep -q '^GNU ld' ||
        fail "GNU ld is needed to build the Rust core (Linux only); the Go engine needs no C tools: \`make build\`"
}

# pip installs under target/, so that no virtual environment is needed.
require_pip() {
    install_or_fail python3 python3
    at_least "$(python3 -c 'import platform; print(platform.python_version())')" 3.10 ||
        fail "Python 3.10 or later is needed, this is $(python3 --version)"
    python3 -m pip --version >/dev/null 2>&1 && return
    install_or_fail pip3 python3-pip
    python3 -m pip --version >/dev/null 2>&1 || fail "\`python3 -m pip\` does not run: install pip (Debian: apt-get install python3-pip)"
}

require_node() {
    install_or_fail node nodejs
    at_least "$(node --version | tr -d v)" 20.19 || fail "Node 20.19 or later is needed, this is $(node --version): see https://nodejs.org"
    install_or_fail npm npm
}

for tool in "$@"; do
    case $tool in
    go) require_go ;;
    rust) require_rust ;;
    cc) install_or_fail cc gcc ;;
    c++) install_or_fail c++ g++ ;;
    binutils) require_binutils ;;
    pkg-config | shellcheck | valgrind | openssl | buildah | debootstrap | lintian | curl | chromium) install_or_fail "$tool" "$tool" ;;
    tclsh) install_or_fail tclsh tcl ;;
    pip) require_pip ;;
    node) require_node ;;
    redis-cli) install_or_fail redis-cli redis-tools ;;
    redis-server | memcached) install_server_or_fail "$tool" "$tool" ;;
    etcd) install_server_or_fail etcd etcd-server ;;
    wrk) install_or_fail wrk wrk ;;
    libclang) require_libclang ;;
    debhelper) install_or_fail dh debhelper ;;
    ip) install_or_fail ip iproute2 ;;
    nft) install_or_fail nft nftables ;;
    pgrep) install_or_fail pgrep procps ;;
    *) fail "unknown tool $tool" ;;
    esac
done
