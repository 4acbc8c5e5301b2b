#!/usr/bin/env bash
# Installs under web/node_modules what the dashboard is built of and tested with, as
# web/package-lock.json pins it, unless it is there.
source "$(dirname "$0")/common.sh"
scripts/require.sh node

lock=web/package-lock.json
installed=web/node_modules/.lock
cmp -s "$lock" "$installed" && exit
log=$ROOT/target/frontend/install.log
mkdir -p "${log%/*}"
(cd web && npm ci --no-audit --no-fund) >"$log" 2>&1 ||
    fail "npm cannot install what the dashboard is built of: see $log"
cp "$lock" "$installed"
