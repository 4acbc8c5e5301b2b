//go:build rust

package core

// #include <mantisdb_core.h>
import "C"

// ABI is the version of the C ABI that the linked core speaks, and the one that this
// source was written for. Unless they are the same, nothing else may be called.
func ABI() (linked, wanted uint32) {
	return uint32(C.mantisdb_abi_version()), C.MANTISDB_ABI_VERSION
}
