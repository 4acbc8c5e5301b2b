package metamorphic

import "slices"

// kind is a kind of operation.
type kind struct {
	name   string
	weight int // how often it comes, compared with the others
	// make fills in an operation's fields.
	make func(g *generator, o *Op)
	// run does the operation, checks what comes of it, and notes what it changes.
	run func(t *target, o *Op)
}

// kinds are all kinds of operation. It is filled when the program starts, since what
// carries out scripts refers to it.
var kinds []kind

func init() {
	kinds = slices.Concat(readKinds, writeKinds, modifyKinds, batchKinds, scanKinds, iteratorKinds, snapshotKinds,
		transactionKinds, keyspaceKinds, indexKinds, watchKinds, maintenanceKinds, copyKinds)
}

func kindOf(name string) (kind, bool) {
	for _, k := range kinds {
		if k.name == name {
			return k, true
		}
	}
	return kind{}, false
}
