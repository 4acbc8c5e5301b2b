#!/usr/bin/env bash
# Formatting and static checks of every language here. STATICCHECK names the
# pinned staticcheck, which `go run` builds.
source "$(dirname "$0")/common.sh"
scripts/require.sh go rust cc binutils

mapfile -t go_files < <(git ls-files -co --exclude-standard '*.go' 2>/dev/null || find . -name '*.go' -not -path './target/*')
unformatted=$(gofmt -l "${go_files[@]}")
[ -z "$unformatted" ] || fail "not formatted, run gofmt -w: $unformatted"

scripts/build-core.sh & # for most of its time on one processor
core=$!
CGO_ENABLED=0 go vet ./...
for module in benchmarks scripts/clients/go; do # modules of their own
    (cd "$module" && CGO_ENABLED=0 go vet ./...)
done
wait $core
CGO_ENABLED=1 go vet -tags rust ./...
# Both builds at once: what only one of them uses is used.
go run "$STATICCHECK" -matrix ./... <<'EOF'
default: CGO_ENABLED=0
rust: CGO_ENABLED=1 -tags=rust
EOF

scripts/check-dependencies.sh

cargo fmt --all --check
cargo fmt --manifest-path benchmarks/rust/Cargo.toml --check
cargo clippy --quiet --workspace --all-targets -- -D warnings
# The models shrink constants until some arithmetic on them is idle.
cargo clippy --quiet --package mantisdb-core --lib --tests --no-default-features --features shuttle -- \
    -D warnings -A clippy::modulo_one

if command -v npm >/dev/null; then
    scripts/install-frontend.sh
    (cd web && npm run --silent typecheck && npm run --silent lint)
else
    echo "lint: npm is not installed, the dashboard is not checked (Debian: apt-get install npm)" >&2
fi

if command -v shellcheck >/dev/null; then
    shellcheck --external-sources --source-path=SCRIPTDIR scripts/*.sh scripts/*/*.sh packaging/debian/mantisdb.p*rm .ci/run
else
    echo "lint: shellcheck is not installed, shell scripts are not checked (Debian: apt-get install shellcheck)" >&2
fi
