#!/usr/bin/env bash
# Has schemathesis make up requests from the OpenAPI file, right ones and wrong ones, and
# check the answers against it. What it is told of single operations is in
# scripts/api/schemathesis.toml. EXAMPLES is how many it makes up for each operation and
# phase, SEED which.
#
#   test-api.sh ENGINE
source "$(dirname "$0")/common.sh"
# shellcheck source=SCRIPTDIR/server.sh
source "$ROOT/scripts/server.sh"
scripts/require.sh go pip
scratch

engine=${1:?which engine: rust or go}
place=$ROOT/target/schemathesis
requirements=$ROOT/scripts/api/requirements.txt
if ! cmp -s "$requirements" "$place/requirements.txt"; then
    rm -rf "$place"
    python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$place" \
        --requirement "$requirements" >"$SCRATCH/install.log" 2>&1 ||
        { cat "$SCRATCH/install.log" >&2; fail "cannot install schemathesis"; }
    cp "$requirements" "$place/requirements.txt"
fi

build_server "$engine" "$SCRATCH/mantisdb"
"$SCRATCH/mantisdb" --engine="$engine" --port=0 --log-format=json --data-dir="$SCRATCH/data" \
    --durability=buffered --checkpoint-dir="$SCRATCH/checkpoints" >"$SCRATCH/server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$SCRATCH"' EXIT
await_port "$SCRATCH/server.log"

status=0
cd "$SCRATCH" # where it leaves what it remembers
PYTHONPATH=$place PYTHONDONTWRITEBYTECODE=1 "$place/bin/schemathesis" \
    --config-file "$ROOT/scripts/api/schemathesis.toml" --no-color \
    run "http://127.0.0.1:$port/api/v1/openapi.yaml" \
    --max-examples "${EXAMPLES:-10}" --seed "${SEED:-1}" >"$SCRATCH/told" 2>&1 || status=$?
if [ "$status" != 0 ]; then
    cat "$SCRATCH/told"
    fail "schemathesis found faults with the engine $engine"
fi
kill -0 $server 2>/dev/null || { tail -n 40 "$SCRATCH/server.log" >&2; fail "the server ended"; }
if grep '"level":"ERROR"' "$SCRATCH/server.log"; then
    fail "the server logged errors"
fi
echo "api, engine $engine: $(sed -n 's/^ *\([0-9]* generated.*\)/\1/p' "$SCRATCH/told"), none of them found a fault"
