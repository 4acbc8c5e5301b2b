package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// DirectoryEngine is the engine whose data directory dir is: that which Open takes. A
// directory that is none is ErrWrongFormat.
func DirectoryEngine(dir string) (string, error) {
	engine, _, err := engineOf(dir)
	return engine, err
}

// engineOf is the engine whose data directory dir is, by its marker. If that is
// missing or damaged, it is the Rust engine if files are there that no other one
// makes; marker then is what is wrong. (Pebble names its own files otherwise,
// and a directory of the Go engine without a marker is refused.)
func engineOf(dir string) (engine string, marker, err error) {
	if info, err := os.Stat(dir); err != nil {
		return "", nil, fmt.Errorf("mantisdb: cannot read the data directory: %w", ioError(err))
	} else if !info.IsDir() {
		return "", nil, notADirectory(dir)
	}
	engine, err = markedEngine(dir)
	if err != nil && holdsRustFiles(dir) {
		return EngineRust, markerFault(dir, err), nil
	}
	return engine, nil, err
}

// markerFault is what is wrong with a marker that could not be read for err.
func markerFault(dir string, err error) error {
	if _, missing := os.Lstat(filepath.Join(dir, markerName)); errors.Is(missing, fs.ErrNotExist) {
		return errors.New("missing marker")
	}
	return fmt.Errorf("damaged marker: %s", strings.TrimPrefix(err.Error(), "mantisdb: "))
}

// markedEngine is the engine that the marker names.
func markedEngine(dir string) (string, error) {
	for _, engine := range []string{EngineGo, EngineRust} {
		err := readMarker(dir, engine)
		switch {
		case err == nil:
			return engine, nil
		case errors.Is(err, fs.ErrNotExist):
			return "", &kindOf{fmt.Sprintf("mantisdb: %s is no data directory: it has no file %s", dir, markerName), ErrWrongFormat}
		case !errors.Is(err, ErrWrongEngine):
			return "", err
		}
	}
	return "", fmt.Errorf("%w: %s belongs to an engine that this version does not know", ErrWrongEngine, dir)
}

// rustFile matches the names of segments and of log files.
var rustFile = regexp.MustCompile(`^([0-9]{8,}\.seg|[0-9a-f]{16}\.(log|spare))$`)

// rustManifest is the Rust engine's manifest, and what it begins with: other
// programs have files of that name too.
const (
	rustManifest      = "MANIFEST"
	rustManifestMagic = "MANTISMF"
)

// holdsRustFiles is whether a directory has files that only the Rust engine
// makes.
func holdsRustFiles(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, entry := range entries {
		if rustFile.MatchString(entry.Name()) {
			return true
		}
	}
	f, err := os.Open(filepath.Join(dir, rustManifest))
	if err != nil {
		return false
	}
	defer f.Close()
	magic, err := io.ReadAll(io.LimitReader(f, int64(len(rustManifestMagic))))
	return err == nil && bytes.Equal(magic, []byte(rustManifestMagic))
}
