#!/usr/bin/env bash
# Installs the Rust core for programs built with -tags rust,mantisdb_system: the
# archive, the header and a pkg-config file under the given prefix. DESTDIR is
# put before every path written to, for packagers.
#
#   install-core.sh /usr/local
source "$(dirname "$0")/common.sh"

[[ ${1-} == /* ]] || fail "usage: install-core.sh PREFIX (an absolute path)"
[ -f "$ARCHIVE" ] || fail "$ARCHIVE is missing: run \`make build-rust-core\`"
prefix=$1
to=${DESTDIR:-}$prefix
version=$(cargo pkgid --package mantisdb-core | sed 's/.*[#@]//')

install -D -m 644 "$ARCHIVE" "$to/lib/libmantisdb_core.a"
install -D -m 644 rust-core/include/mantisdb_core.h "$to/include/mantisdb_core.h"
install -d "$to/lib/pkgconfig"
cat >"$to/lib/pkgconfig/mantisdb_core.pc" <<EOF
prefix=$prefix
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: mantisdb_core
Description: The storage core of MantisDB
Version: $version
Cflags: -I\${includedir}
Libs: -L\${libdir} -lmantisdb_core -lm -ldl -lpthread
EOF
echo "installed mantisdb_core $version under $to"
