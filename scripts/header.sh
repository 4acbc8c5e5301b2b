#!/usr/bin/env bash
# Writes the C header of the core to the given file.
#
#   header.sh rust-core/include/mantisdb_core.h
source "$(dirname "$0")/common.sh"
scripts/require.sh rust cc

# Built for a run of a second: optimising it would take longer than it saves.
CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=false \
    cargo run --quiet --package mantisdb-header -- rust-core "$1"
