#!/usr/bin/env bash
# The dashboard in a browser, against a server with the Rust engine under load: the tests are
# in web/tests.
# Screenshots of all pages are left in target/screenshots.
#
#   test-web.sh [TEST]...    default: every test
#
# By default it scrolls through 50,000 keys and has a session of 40 s. MANTISDB_WEB_KEYS and
# MANTISDB_WEB_HEAP_SECONDS ask for more.
source "$(dirname "$0")/common.sh"
# shellcheck source=SCRIPTDIR/server.sh
source "$ROOT/scripts/server.sh"
if ! scripts/require.sh node chromium; then
    echo "web: left out" >&2
    exit 0
fi
scratch
scripts/build-frontend.sh
build_server rust "$SCRATCH/mantisdb"
export MANTISDB=$SCRATCH/mantisdb

rm -rf target/screenshots
cd web
npm run --silent test
npx --no-install vitest run --config tests/vitest.config.ts "$@"
