package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/mantisdb/mantisdb/storage"
)

// version is stamped in by the linker: -ldflags "-X main.version=1.2.3".
var version string

// versionNumber is the stamped version, else what the build knows of itself:
// the module's version, as `go install` has it, or the revision.
func versionNumber() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return "devel-" + setting.Value[:min(12, len(setting.Value))]
		}
	}
	return "devel"
}

// versionText is what --version says behind the program's name.
func versionText() string {
	return fmt.Sprintf("%s (default engine %s, %s, %s/%s)", versionNumber(),
		storage.DefaultEngine, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
