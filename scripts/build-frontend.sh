#!/usr/bin/env bash
# Builds the dashboard into web/dist, which package web embeds, each file compressed beside
# itself. Nothing is done if it is built of the same sources already.
#
#   build-frontend.sh                  fails if it cannot be built
#   build-frontend.sh --if-possible    without Node or its packages, says so and succeeds
source "$(dirname "$0")/common.sh"
scratch

dist=web/dist
stamp=target/frontend/stamp

# sources: all that the dashboard is built of.
sources() {
    find web -name node_modules -prune -o -name dist -prune -o -name tests -prune -o -name '*.go' -o -type f -print | LC_ALL=C sort
}

# leave_out REASON: what is done if it cannot be built.
leave_out() {
    [ "$optional" = yes ] || fail "$1"
    if [ -e "$dist/index.html" ]; then
        echo "frontend: $1; the dashboard stays as it was built before" >&2
    else
        echo "frontend: $1; the program is built without the dashboard" >&2
    fi
    exit 0
}

optional=no
[ "${1-}" != --if-possible ] || optional=yes

sources | xargs sha256sum >"$SCRATCH/stamp"
if [ -e "$dist/index.html" ] && cmp -s "$SCRATCH/stamp" "$stamp"; then
    exit 0
fi

if [ "$optional" = no ]; then
    scripts/require.sh node
elif ! command -v npm >/dev/null; then
    leave_out "npm is not there"
fi
scripts/install-frontend.sh 2>"$SCRATCH/npm.log" || leave_out "$(tail -n 1 "$SCRATCH/npm.log")"

# clean: leaves in the folder what is committed alone.
clean() { find "$dist" -mindepth 1 -not -name .gitkeep -delete; }

rm -f "$stamp"
clean
(cd web && npm run --silent build) >"$SCRATCH/build.log" 2>&1 || { # a half is worse than nothing
    cat "$SCRATCH/build.log" >&2
    clean
    fail "the dashboard could not be built"
}
find "$dist" -type f -not -name report.html -regex '.*\.\(css\|html\|js\|svg\)' -exec gzip --best --no-name --keep {} +
mkdir -p "${stamp%/*}"
mv "$SCRATCH/stamp" "$stamp"
