#!/usr/bin/env bash
# Makes a small Debian in a directory: of the release of this machine, from where it has its
# packages, with its settings for fetching them.
#
#   root.sh DIR [PACKAGE]...      packages beyond the essential ones
source "$(dirname "$0")/../common.sh"
scripts/require.sh debootstrap

root=${1:?which directory}
shift
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
# shellcheck disable=SC2016 # apt's own variables
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk -v codename="$codename" '$2 == codename {print $1; exit}')
[ -n "$mirror" ] || fail "apt tells no mirror of \"$codename\": run \`apt-get update\`"

arguments=(--variant=minbase)
[ $# = 0 ] || arguments+=(--include="$(IFS=,; echo "$*")")
debootstrap "${arguments[@]}" "$codename" "$root" "$mirror" >"$root.log" 2>&1 ||
    { tail -n 20 "$root.log" >&2; fail "debootstrap failed: see $root.log"; }
rm "$root.log"
apt-config dump | grep '^Acquire::' >"$root/etc/apt/apt.conf.d/00machine" || true
