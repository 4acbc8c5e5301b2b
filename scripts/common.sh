# Sourced by every script here: strict mode, the checkout as the working
# directory, and the few functions they share.
# shellcheck shell=bash disable=SC2034
set -euo pipefail
shopt -s inherit_errexit

cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD

# Where the linkable archive of the core is left; internal/core/link_archive.go names
# the same place.
ARCHIVE=target/mantisdb/libmantisdb_core.a

# fail MESSAGE: ends the script with one line on stderr.
fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# scratch: makes a temporary directory in $SCRATCH that is gone after the script.
scratch() {
    SCRATCH=$(mktemp -d)
    trap 'rm -rf "$SCRATCH"' EXIT
}

# globals ARCHIVE: the global symbols that it defines, one a line. Not nm, which
# sees nothing in an object that carries LLVM bitcode beside its code.
globals() {
    readelf --symbols --wide "$1" | awk '($5 == "GLOBAL" || $5 == "WEAK") && $7 != "UND" {print $8}' | sort -u
}

# exports ARCHIVE: those of the C ABI.
exports() {
    globals "$1" | grep '^mantisdb_'
}
