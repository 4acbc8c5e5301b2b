#!/usr/bin/env bash
# Leaves the digest of the core's archive and header in internal/core/core_stamp.h,
# where Go sees it. The file is written only if it changes.
source "$(dirname "$0")/common.sh"

stamp="/* Written by scripts/stamp-core.sh; do not edit or commit. */
#define MANTISDB_CORE_STAMP \"$(cat "$ARCHIVE" rust-core/include/mantisdb_core.h | sha256sum | cut -d' ' -f1)\""
if [ "$(cat internal/core/core_stamp.h 2>/dev/null)" != "$stamp" ]; then
    echo "$stamp" >internal/core/core_stamp.h
fi
