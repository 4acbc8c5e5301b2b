package engine

import "runtime/debug"

// moduleVersion is the version of a module that this program was built with.
func moduleVersion(path string) func() string {
	return func() string {
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, module := range info.Deps {
				if module.Path == path {
					return module.Version
				}
			}
		}
		return "unknown"
	}
}
