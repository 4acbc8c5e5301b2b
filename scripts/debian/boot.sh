#!/usr/bin/env bash
# Becomes the first process of a system in a directory, under its own systemd: test-deb.sh
# calls this in namespaces of its own. Its cgroups lie under CGROUP, a directory of the
# machine's that this process is in.
#
#   boot.sh DIR
source "$(dirname "$0")/../common.sh"
root=${1:?which directory}

mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
ip link set lo up
exec env --ignore-environment container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    unshare --root="$root" --wd=/ /lib/systemd/systemd --unit=multi-user.target
