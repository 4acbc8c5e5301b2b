#!/usr/bin/env bash
# Prints the licenses of what the program with the Rust engine is built of, as whoever hands
# on the binary has to: the languages' own libraries, the modules of Go, the crates of Rust, the
# packages of the dashboard.
#
#   licenses.sh go|rust|frontend...
source "$(dirname "$0")/common.sh"

# notices NAME DIRECTORY [LICENSE]: the texts of one dependency. One that has its license in
# its manifest alone is told by that.
notices() {
    local file files
    mapfile -t files < <(find "$2" -maxdepth "${DEPTH:-4}" -type f -regextype posix-extended \
        -iregex '.*/(licen[sc]e|copying|copyright|notice)[^/]*' -not -name '*.go' -not -name '*.rs' | LC_ALL=C sort)
    [ "${#files[@]}" -gt 0 ] || [ -n "${3-}" ] || fail "$1 has no license"
    printf '==== %s%s\n\n' "$1" "${3:+: $3}"
    for file in "${files[@]}"; do
        printf -- '---- %s\n\n' "${file#"$2/"}"
        cat "$file"
        echo
    done
}

licenses_of_go() {
    local path version directory
    DEPTH=1 notices "Go $(go env GOVERSION)" "$(go env GOROOT)"
    CGO_ENABLED=1 go list -deps -tags rust -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/mantisdb |
        sort -u | while read -r path version directory; do
        notices "$path $version" "$directory"
    done
}

licenses_of_rust() {
    local manifests name version license
    printf '==== Rust %s, its standard library: MIT OR Apache-2.0\n\n' "$(rustc --version | awk '{print $2}')"
    manifests=$(cargo metadata --locked --format-version 1 --filter-platform "$(rustc --print host-tuple)" | grep -o '"manifest_path":"[^"]*"' | cut -d'"' -f4)
    cargo tree --locked --package mantisdb-core --edges no-dev,no-build,no-proc-macro --prefix none --format '{p} {l}' |
        sed 's/ (\*)$//' | sort -u | while read -r name version license; do
        [ "$name" != mantisdb-core ] || continue
        notices "$name ${version#v}" "$(dirname "$(grep -F "/$name-${version#v}/Cargo.toml" <<<"$manifests")")" "$license"
    done
}

licenses_of_frontend() {
    local directory name
    scripts/install-frontend.sh
    (cd web && npm ls --omit=dev --all --parseable) | tail -n +2 | LC_ALL=C sort -u | while read -r directory; do
        name=$(node -p 'const p = require(process.argv[1]); p.name + " " + p.version' "$directory/package.json")
        DEPTH=1 notices "$name" "$directory"
    done
}

for language in "$@"; do
    "licenses_of_$language"
done
