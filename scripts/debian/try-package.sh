#!/usr/bin/env bash
# Installs the package in a running system, uses it, and takes it away again: test-deb.sh
# calls this in that system, which has nothing else to do.
#
#   try-package.sh PACKAGE.deb
set -euo pipefail
package=${1:?which package}
settings=/etc/mantisdb/environment
url=http://127.0.0.1:8080
export DEBIAN_FRONTEND=noninteractive

fail() {
    echo "try-package.sh: $*" >&2
    journalctl --no-pager --unit=mantisdb --lines=30 >&2
    exit 1
}

expect() { # WHAT GOT WANT
    [ "$2" = "$3" ] || fail "$1: got \"$2\", want \"$3\""
    echo "ok: $1" >&2
}

# quietly COMMAND...: what it says matters if it fails.
quietly() { "$@" >/tmp/said 2>&1 || { cat /tmp/said >&2; fail "failed: $*"; }; }

state() { systemctl "$1" "$2" 2>/dev/null || true; }
get() { curl --silent --show-error --fail-with-body "$@" "$url/api/v1/kv/a" 2>&1 || true; }
status() { curl --silent --output /dev/null --write-out '%{http_code}' "$url/api/v1/kv/a"; }

quietly dpkg --install "$package"
expect "the service runs once it is installed" "$(state is-active mantisdb.service)" active
expect "it starts with the system" "$(state is-enabled mantisdb.service)" enabled
expect "the sockets are left to who wants them" "$(state is-enabled mantisdb.socket) $(state is-active mantisdb.socket)" "disabled inactive"
expect "systemd takes the units as they are" "$(systemd-analyze verify mantisdb.service mantisdb.socket 2>&1)" ""
expect "the process's user" "$(stat -c %U:%G "/proc/$(systemctl show --property MainPID --value mantisdb)")" mantisdb:mantisdb
expect "the data's owner and rights" "$(stat -c '%U:%G %a' /var/lib/mantisdb)" "mantisdb:mantisdb 700"
expect "the settings' owner and rights" "$(stat -c '%U:%G %a' "$settings")" "root:root 640"
expect "the user logs in nowhere" "$(getent passwd mantisdb | cut -d: -f6-)" "/var/lib/mantisdb:/usr/sbin/nologin"
mantisdb --version | grep -q rust || fail "the Rust engine is not built in: $(mantisdb --version)"
exposed=$(systemd-analyze security --no-pager mantisdb.service | tail -n 1 | grep -o '[0-9]*\.[0-9]')
[ "${exposed%.*}" -lt 3 ] || fail "systemd has its exposure at $exposed"

curl --silent --show-error --fail-with-body --request PUT --data-binary kept "$url/api/v1/kv/a"
expect "a put and a get" "$(get)" kept

sed -i 's/^#MANTISDB_PASSWORD=.*/MANTISDB_PASSWORD=secret/' "$settings"
systemctl restart mantisdb
expect "a password in the settings holds" "$(status) $(get --user default:secret)" "401 kept"
quietly dpkg --install "$package"
grep -q '^MANTISDB_PASSWORD=secret' "$settings" || fail "an upgrade overwrites what the administrator set"
expect "the service runs after an upgrade" "$(state is-active mantisdb.service)" active
expect "an upgrade keeps settings and data" "$(status) $(get --user default:secret)" "401 kept"
expect "its own health check" "$(mantisdb health)" ok

systemctl stop mantisdb.service
expect "how the service ended" "$(systemctl show --property Result --property ExecMainStatus --value mantisdb | paste -s -d ' ')" "success 0"
systemctl start mantisdb.socket
expect "the first connection starts the service" "$(state is-active mantisdb.service) $(get --user default:secret) $(state is-active mantisdb.service)" "inactive kept active"
expect "the Unix socket, for the group" "$(stat -c '%G %a' /run/mantisdb.sock)" "mantisdb 660"

quietly dpkg --remove mantisdb
if pgrep -x mantisdb >/dev/null; then fail "the server outlives its package"; fi
expect "no socket is left" "$(state is-active mantisdb.socket)" inactive
expect "removal keeps settings and data" "$(find "$settings" /var/lib/mantisdb -maxdepth 0 | paste -s -d ' ')" "$settings /var/lib/mantisdb"
quietly dpkg --purge mantisdb
expect "what is left after purge" "$(find / -xdev -name '*mantisdb*' -not -path "$package" -not -path '/proc/*' -not -path '/sys/*')" ""
