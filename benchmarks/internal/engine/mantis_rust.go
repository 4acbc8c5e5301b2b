//go:build rust && cgo

package engine

import "github.com/mantisdb/mantisdb"

func init() { registerMantis(mantisdb.EngineRust) }
