#!/usr/bin/env bash
# Gets the sources of Redis 7.0.15, its test suite among them, from Debian's source
# package, and prints the directory. What was fetched stays under target/.
source "$(dirname "$0")/common.sh"

version=7.0.15
place=$ROOT/target/redis
source_dir=$place/redis-$version
if [ ! -x "$source_dir/runtest" ]; then
    command -v apt-get >/dev/null || fail "apt-get not found: the suite comes from Debian's source package of Redis"
    rm -rf "$place"
    mkdir -p "$place/lists/partial" "$place/sources" "$place/download"
    # Where the machine has its packages from, it has their sources from, too. The lists
    # are of our own, so that the machine's stay as they are.
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$file" ] && sed -n 's/^deb /deb-src /p' "$file" >"$place/sources/${file##*/}"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] && sed 's/^Types:.*/Types: deb-src/' "$file" >"$place/sources/${file##*/}"
    done
    options=(-o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$place/sources"
        -o "Dir::State::lists=$place/lists" -o "APT::Sandbox::User=root" -o "Acquire::Languages=none" -qq)
    apt-get "${options[@]}" update >&2
    (cd "$place/download" && apt-get "${options[@]}" source --download-only redis >&2)
    archive=$place/download/redis_$version.orig.tar.gz
    [ -f "$archive" ] || fail "Debian's source package holds no Redis $version: $(ls "$place/download")"
    tar -xzf "$archive" -C "$place"
    rm -rf "$place/lists" "$place/sources" "$place/download"
fi
echo "$source_dir"
