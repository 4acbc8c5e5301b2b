#!/usr/bin/env bash
# Uses the library as its users do: a module of its own for each way to build
# it, with the same program, whose output must not differ. Also checks that the
# library drags none of the server's dependencies along.
source "$(dirname "$0")/common.sh"
scripts/require.sh go rust cc binutils pkg-config
scratch
[ -f "$ARCHIVE" ] || fail "$ARCHIVE is missing: run \`make build-rust-core\`"

module=github.com/mantisdb/mantisdb

# consumer NAME: a module in $SCRATCH/NAME that uses the checkout.
consumer() {
    mkdir "$SCRATCH/$1"
    cp scripts/consumer/main.go go.sum "$SCRATCH/$1"
    cat >"$SCRATCH/$1/go.mod" <<EOF
module example.com/$1

$(grep '^go ' go.mod)

require $module v0.0.0

replace $module => $ROOT
EOF
}

# build_and_run NAME ENGINE [TAGS]: leaves the program's output in NAME.out.
build_and_run() (
    cd "$SCRATCH/$1"
    go build -mod=mod -tags "${3:-}" -o consumer .
    ./consumer "$2" >"$SCRATCH/$1.out"
    echo "consumer $1: engine $2, $(wc -l <"$SCRATCH/$1.out") lines, $(du -k consumer | cut -f1) KiB"
)

consumer plain
CGO_ENABLED=0 build_and_run plain go

consumer archive
build_and_run archive rust rust

# Go's build cache remembers what pkg-config said, also of another prefix, unless
# a flag tells the two apart.
prefix=$ROOT/target/consumer-prefix
consumer system
scripts/install-core.sh "$prefix"
CGO_CFLAGS="-O2 -g -DCONSUMER_PREFIX=$prefix" PKG_CONFIG_PATH=$prefix/lib/pkgconfig \
    build_and_run system rust rust,mantisdb_system

for other in archive system; do
    diff "$SCRATCH/plain.out" "$SCRATCH/$other.out" || fail "plain (<) and $other (>) print different things"
done

# The library may need what its Go engine's Pebble needs, and nothing more.
modules() {
    go list -mod=mod -deps -f '{{with .Module}}{{.Path}}{{end}}' "$@" | sort -u
}
cd "$SCRATCH/plain"
modules $module >"$SCRATCH/library"
{ modules github.com/cockroachdb/pebble/v2 && echo $module; } | sort -u >"$SCRATCH/expected"
extra=$(comm -23 "$SCRATCH/library" "$SCRATCH/expected")
[ -z "$extra" ] || fail "the library needs modules that its engine does not: $extra"
extra=$(go list -mod=mod -deps $module | grep "^$module/" | grep -vE "^$module/(storage|internal/(backup|clock|core))(/|$)" || true)
[ -z "$extra" ] || fail "the library needs packages of the server: $extra"
extra=$(go list -mod=mod -deps $module/cache | grep -E 'olric|memberlist|cache/distributed' || true)
[ -z "$extra" ] || fail "package cache needs what only its distributed kind does: $extra"
echo "consumers: same output three ways; $(wc -l <"$SCRATCH/library") modules, all of them Pebble's or our own"
