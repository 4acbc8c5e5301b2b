#!/usr/bin/env bash
# Builds the Dockerfile and runs what comes out of it, with Debian's buildah, which needs no
# container engine, on stand-ins for its base images: see scripts/docker. What is made stays
# under target/docker, and of it only the stand-ins and Go's build cache after the test.
#
# Needs root and a Debian; elsewhere it says so and is left out.
#
#   test-docker.sh VERSION
source "$(dirname "$0")/common.sh"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "docker: left out, since it needs root and apt-get" >&2
    exit 0
fi
scripts/require.sh buildah debootstrap curl ip pgrep
source scripts/docker/storage.sh
version=${1:?which version}
image=localhost/mantisdb-test:latest

clean() {
    buildah rmi "$image" >/dev/null 2>&1 || true
    buildah rmi --prune >/dev/null 2>&1 || true
    find "$PLACE/tmp" -mindepth 1 -maxdepth 1 -not -name 'buildah-cache*' -exec rm -rf {} +
}

scripts/docker/lint.sh
read -ra stand_ins < <(scripts/docker/stand-ins.sh)
trap clean EXIT
# As docker's, since images of OCI's format have no health check.
buildah bud --quiet --format docker --pull-never "${stand_ins[@]}" \
    --build-arg VERSION="$version" \
    --tag "$image" . >"$PLACE/build.log" 2>&1 ||
    { tail -n 40 "$PLACE/build.log" >&2; fail "the image could not be built: see $PLACE/build.log"; }

# shellcheck disable=SC2016 # the inner shell's own
unshare --net --pid --fork --kill-child --mount-proc -- \
    sh -c 'ip link set lo up && exec "$0" "$@"' scripts/docker/try-image.sh "$image" "$version"
