package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

// output is where an export or a backup goes. A file gets its name only with commit, when
// it is whole and on disk; until then what had the name before is untouched.
type output struct {
	io.Writer
	file *os.File // nil for standard output
	path string   // the name to give it; empty if it is written in place
}

// writeFile opens the target that the flags of a command say, and has write fill the output
// of a name with entries of it, of which write returns how many. Meanwhile a progress bar
// tells what is being done, and at the end a line what was done.
func (f *targetFlags) writeFile(cmd *cobra.Command, path, doing, done string, write func(target, io.Writer, *progress) (uint64, error)) error {
	return f.use(cmd, false, func(from target) error {
		out, err := createOutput(cmd.OutOrStdout(), path)
		if err != nil {
			return err
		}
		defer out.discard()

		began := time.Now()
		bar := newProgress(cmd.ErrOrStderr(), doing, -1)
		written, err := write(from, out, bar)
		bar.done()
		if err != nil {
			return err
		}
		if err := out.commit(); err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%s %s in %v\n", done, entries(written), time.Since(began).Round(time.Millisecond))
		return nil
	})
}

// createOutput opens path for writing. Standard output, a device or a pipe is
// written as it is.
func createOutput(stdout io.Writer, path string) (*output, error) {
	if path == stdio {
		return &output{Writer: stdout}, nil
	}
	// A link stays one: what it points to is replaced.
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	mode := fs.FileMode(0o666) // less the umask, as any new file
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory: name a file in it", path)
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &output{Writer: f, file: f}, err
	default:
		mode = info.Mode().Perm()
	}
	temp, err := createTemp(path, mode)
	if err != nil {
		return nil, err
	}
	return &output{Writer: temp, file: temp, path: path}, nil
}

// createTemp makes a file beside path, so that it can be renamed to it.
func createTemp(path string, mode fs.FileMode) (*os.File, error) {
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()[:12]+".tmp")
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, fmt.Errorf("cannot write to %s: %w", filepath.Dir(path), errors.Unwrap(err))
	}
	return f, nil
}

// commit makes what was written durable and gives it its name.
func (o *output) commit() error {
	if o.path == "" {
		return nil
	}
	if err := errors.Join(o.file.Sync(), o.file.Close()); err != nil {
		return fmt.Errorf("cannot write: %w", err)
	}
	if err := os.Rename(o.file.Name(), o.path); err != nil {
		return err
	}
	path := o.path
	o.path = ""
	return syncDir(filepath.Dir(path))
}

// discard closes the output, and removes what was not committed.
func (o *output) discard() {
	if o.file == nil {
		return
	}
	o.file.Close()
	if o.path != "" {
		os.Remove(o.file.Name())
	}
}

// syncDir makes a new name in a directory durable.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
