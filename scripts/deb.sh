#!/usr/bin/env bash
# Makes a Debian package of ./mantisdb-rust, in target/deb: see packaging/debian. The same
# program and the same commit give the same bytes.
#
#   deb.sh VERSION      as `git describe` tells it
source "$(dirname "$0")/common.sh"
scripts/require.sh go rust debhelper

version=$(scripts/debian/version.sh "${1:?which version}")
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
place=$ROOT/target/deb
tree=$place/mantisdb

rm -rf "$place"
mkdir -p "$tree"
cp -r packaging/debian "$tree/debian"
cp packaging/systemd/* "$tree/debian/"
mv "$tree/debian/environment" "$tree/"
cp mantisdb-rust "$tree/mantisdb"
cp -r README.md docs "$tree/"
parts=(go rust)
[ ! -e web/dist/index.html ] || parts+=(frontend)
scripts/licenses.sh "${parts[@]}" >"$tree/third-party-licenses"

# The program knows its commands best.
mkdir -p "$tree"/completions/{bash,fish,zsh}
"$tree/mantisdb" completion bash >"$tree/completions/bash/mantisdb"
"$tree/mantisdb" completion fish >"$tree/completions/fish/mantisdb.fish"
"$tree/mantisdb" completion zsh >"$tree/completions/zsh/_mantisdb"
"$tree/mantisdb" man --dir="$tree/man"

maintainer=$(sed -n 's/^Maintainer: //p' packaging/debian/control)
cat >"$tree/debian/changelog" <<END
mantisdb ($version) unstable; urgency=medium

  * Built of version ${1#v}.

 -- $maintainer  $(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")
END

cd "$tree"
dpkg-buildpackage --build=binary --no-sign >"$place/build.log" 2>&1 ||
    { tail -n 40 "$place/build.log" >&2; fail "the package could not be built: see $place/build.log"; }
ls "$place/mantisdb_${version}_"*.deb
