package benchmarks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// fileSuffix follows the name of a run in that of its file.
const fileSuffix = ".json"

// ownFiles are the names of files of runs. Others in the directory are left alone.
var ownFiles = regexp.MustCompile(`^\d{8}T\d{6}Z(-\d{1,9})?\` + fileSuffix + `$`)

// longestFile is more than a run's file has.
const longestFile = 8 << 20

// readDir reads the runs of a directory, the oldest first, and makes it if it is absent. A
// file that makes no sense is left out, and told of.
func readDir(dir string, logger *slog.Logger) ([]Run, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the directory of benchmarks: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot read the directory of benchmarks: %w", err)
	}
	var list []Run
	for _, entry := range entries {
		if !ownFiles.MatchString(entry.Name()) {
			continue
		}
		found, err := readFile(dir, entry.Name())
		if err != nil {
			logger.Warn("the report of a benchmark cannot be read", "file", entry.Name(), "error", err.Error())
			continue
		}
		list = append(list, found)
	}
	slices.SortFunc(list, byStart)
	return list, nil
}

func readFile(dir, name string) (found Run, err error) {
	path := filepath.Join(dir, name)
	info, err := os.Stat(path)
	if err != nil {
		return found, err
	}
	if !info.Mode().IsRegular() || info.Size() > longestFile {
		return found, fmt.Errorf("it is no report: it is no file of at most %d bytes", longestFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return found, err
	}
	switch {
	case found.ID+fileSuffix != name:
		return found, fmt.Errorf("it is the report of %q", found.ID)
	case found.State != Done && found.State != Failed && found.State != Stopped:
		return found, fmt.Errorf("it is of no state that a report has: %q", found.State)
	}
	found.Progress, found.Headline = nil, headline(found.Reports)
	return found, nil
}

// writeFile writes a run's file, which has its name once it is whole.
func writeFile(dir string, r *Run) (err error) {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, ".benchmark-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	_, err = file.Write(append(text, '\n'))
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(dir, r.ID+fileSuffix))
}

func removeFile(dir, id string) error {
	err := os.Remove(filepath.Join(dir, id+fileSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it could not be written either
	}
	return err
}
