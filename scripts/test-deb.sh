#!/usr/bin/env bash
# Makes the Debian package and tries it: it is the same when it is made again, lintian finds no
# error, and in a small Debian that its own systemd runs, in namespaces of its own, it is
# installed, used, upgraded, removed and purged.
#
# Needs root, a Debian and cgroups of version 2; elsewhere it says so and is left out.
#
#   test-deb.sh VERSION
source "$(dirname "$0")/common.sh"
version=${1:?which version}
cgroups=$(findmnt --noheadings --types cgroup2 --output TARGET --first-only 2>/dev/null || true)
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || [ -z "$cgroups" ]; then
    echo "deb: left out, since it needs root, apt-get and cgroups of version 2" >&2
    exit 0
fi
scripts/require.sh lintian debootstrap ip pgrep

package=$(scripts/deb.sh "$version")
digest=$(sha256sum "$package")
scripts/deb.sh "$version" >/dev/null
sha256sum --check --quiet <<<"$digest" || fail "the package is another one when it is made again"
lintian --fail-on error --allow-root "$package"

place=$ROOT/target/debian
base=$place/systemd
if [ ! -d "$base" ]; then
    rm -rf "$base.new"
    mkdir -p "$place"
    scripts/debian/root.sh "$base.new" systemd curl procps
    mv "$base.new" "$base"
fi

root=$place/root
cgroup=$cgroups/mantisdb-test-deb-$$
system=
end() {
    if [ -n "$system" ]; then
        kill -KILL "$system" 2>/dev/null || true
        wait "$system" 2>/dev/null || true
    fi
    # Those of its systemd, the innermost first, once the last process is gone.
    for _ in $(seq 50); do
        find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true
        [ -d "$cgroup" ] || break
        sleep 0.1
    done
    rm -rf "$root"
}
trap end EXIT
rm -rf "$root"
cp -a "$base" "$root"
install -m 755 "$package" scripts/debian/try-package.sh "$root/root/"
mkdir "$cgroup"
# shellcheck disable=SC2016 # the inner shell's own
sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$cgroup" \
    unshare --net --pid --mount --cgroup --uts --ipc --fork --kill-child -- scripts/debian/boot.sh "$root" &
system=$!

# inside COMMAND...: runs it in that system.
inside() { nsenter --target "$(pgrep -P "$system")" --all --root -- env --ignore-environment --chdir=/ PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
for _ in $(seq 150); do
    state=$(inside systemctl is-system-running 2>/dev/null || true)
    [ "$state" != running ] || break
    sleep 0.2
done
[ "$state" = running ] || fail "the system to install in does not start: $state"
inside /root/try-package.sh "/root/${package##*/}"
