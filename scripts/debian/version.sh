#!/usr/bin/env bash
# Prints a version as Debian compares them, of one as `git describe` tells it: a candidate
# comes before its release, commits come after it in the order of their time.
#
#   version.sh v1.2.3                1.2.3
#   version.sh v1.2.3-rc.1           1.2.3~rc.1
#   version.sh v1.2.3-4-g0123abc     1.2.3+4.g0123abc
#   version.sh 0123abc-dirty         0.1.0~git20260102030405.0123abc+dirty, with the
#                                   version that Cargo.toml is going to be
source "$(dirname "$0")/../common.sh"

described=${1:?which version}
version=${described#v}
suffix=
if [[ $version == *-dirty ]]; then
    version=${version%-dirty} suffix=+dirty
fi
if [[ $version =~ ^[0-9]+(\.[0-9]+)+ ]]; then
    if [[ $version =~ ^(.*)-([0-9]+)-(g[0-9a-f]+)$ ]]; then
        version=${BASH_REMATCH[1]} suffix=+${BASH_REMATCH[2]}.${BASH_REMATCH[3]}$suffix
    fi
    version=${version/-/\~}
else
    planned=$(awk -F'"' '/^version = / {print $2; exit}' Cargo.toml)
    time=$(TZ=UTC git log -1 --date=format-local:%Y%m%d%H%M%S --format=%cd 2>/dev/null || echo 0)
    version=$planned~git$time.$version
fi
version=${version//[^A-Za-z0-9.+~]/.}$suffix
dpkg --validate-version "$version" || fail "\"$described\" makes no version of Debian"
echo "$version"
