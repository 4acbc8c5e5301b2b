# Sourced: has buildah keep all that it makes under target/docker, whatever the machine's own
# settings are, and work without an engine: as root, in a chroot.
# shellcheck shell=bash
PLACE=$ROOT/target/docker
mkdir -p "$PLACE/tmp"
cat >"$PLACE/storage.conf" <<END
[storage]
driver = "vfs"
graphroot = "$PLACE/storage"
runroot = "$PLACE/run"
END
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$PLACE/policy.json"
: >"$PLACE/registries.conf"
export CONTAINERS_STORAGE_CONF=$PLACE/storage.conf CONTAINERS_REGISTRIES_CONF=$PLACE/registries.conf
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs TMPDIR=$PLACE/tmp
