//go:build rust && !mantisdb_system

package core

// The Rust core, as `make build-rust-core` leaves it in this checkout. Go does
// not hash archives. It does hash core_stamp.h, which carries the archive's
// digest, and the object below differs with it: so a changed core is linked
// anew by a plain `go build`.

/*
#cgo CFLAGS: -I${SRCDIR}/../../rust-core/include
#cgo LDFLAGS: ${SRCDIR}/../../target/mantisdb/libmantisdb_core.a -lm -ldl -lpthread

#if !__has_include("core_stamp.h")
#error "the Rust core is not built: run `make build-rust-core` in the MantisDB checkout, or install the core and build with -tags rust,mantisdb_system (see docs/building.md)"
#endif
#include "core_stamp.h"

static const char mantisdb_core_stamp[] __attribute__((used)) = MANTISDB_CORE_STAMP;
*/
import "C"
