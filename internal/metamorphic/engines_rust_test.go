//go:build rust

package metamorphic

import "github.com/mantisdb/mantisdb"

// engines are those of this build.
var engines = []string{mantisdb.EngineGo, mantisdb.EngineRust}
