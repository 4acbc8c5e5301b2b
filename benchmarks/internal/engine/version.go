package engine

import "github.com/mantisdb/mantisdb/benchmarks/internal/measure"

// moduleVersion is the version of a module that this program was built with.
func moduleVersion(path string) func() string {
	return func() string { return measure.ModuleVersion(path) }
}
