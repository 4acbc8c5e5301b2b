package replica

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mantisdb/mantisdb/storage"
)

// Prepare makes a snapshot of the present state, which Save sends and removes. It is a
// checkpoint of the engine: what does not change any more is shared, not copied.
func (r *Replica) Prepare() (dir string, err error) {
	engine, err := r.current()
	if err != nil {
		return "", err
	}
	if dir, err = os.MkdirTemp(r.config.Dir, outgoingDir); err != nil {
		return "", err
	}
	if err := engine.Checkpoint(dir); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// Save writes a snapshot of Prepare to w, as an archive of its files, and removes it.
func (r *Replica) Save(dir string, w io.Writer) (err error) {
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	archive := tar.NewWriter(w)
	if err := archive.AddFS(os.DirFS(dir)); err != nil {
		return err
	}
	return archive.Close()
}

// Restore replaces all that the replica has by a snapshot that Save wrote. The engine before is
// closed, and who reads it gets storage.ErrClosed.
func (r *Replica) Restore(from io.Reader) error {
	incoming := r.path(incomingDir)
	if err := os.RemoveAll(incoming); err != nil {
		return err
	}
	if err := unpackSnapshot(from, incoming); err != nil {
		return errors.Join(err, os.RemoveAll(incoming))
	}
	r.catalog.begin()
	if old, err := r.current(); err == nil {
		if err := old.Close(); err != nil {
			r.logger.Warn("closing what a snapshot replaces failed", "error", err.Error())
		}
	}
	if err := r.exchange(); err != nil {
		return err
	}
	engine, err := r.openEngine(r.path(dataDir))
	if err != nil {
		return err
	}
	known, err := readRecord(engine.AppendGetMeta)
	if err != nil {
		return errors.Join(err, engine.Close())
	}
	r.know(known, nil) // the log has nothing from before
	r.engine.Store(&engine)
	r.catalog.end()
	return nil
}

// exchange has the data be what came in. The old ones go aside first, by one step, so that tidy
// never sees a part of them.
func (r *Replica) exchange() error {
	aside := r.path(outgoingDir + "replaced")
	if err := os.Rename(r.path(dataDir), aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(r.path(incomingDir), r.path(dataDir)); err != nil {
		return err
	}
	return errors.Join(syncDir(r.config.Dir), os.RemoveAll(aside))
}

// unpackSnapshot makes dir of an archive, all of it on disk.
func unpackSnapshot(from io.Reader, dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	archive := tar.NewReader(from)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return syncDirs(dir)
		}
		if err != nil {
			return fmt.Errorf("%w: the snapshot of a replica: %w", storage.ErrCorrupt, err)
		}
		if err := unpackEntry(archive, header, dir); err != nil {
			return err
		}
	}
}

func unpackEntry(archive io.Reader, header *tar.Header, dir string) error {
	name := strings.TrimSuffix(header.Name, "/")
	if !fs.ValidPath(name) || !filepath.IsLocal(name) {
		return fmt.Errorf("%w: the snapshot of a replica has a file %q", storage.ErrCorrupt, header.Name)
	}
	path := filepath.Join(dir, name)
	switch header.Typeflag {
	case tar.TypeDir:
		return os.MkdirAll(path, 0o700)
	case tar.TypeReg:
		return unpackFile(archive, path)
	}
	return fmt.Errorf("%w: the snapshot of a replica has a file %q of kind %q", storage.ErrCorrupt, header.Name, header.Typeflag)
}

func unpackFile(archive io.Reader, path string) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := io.Copy(file, archive); err != nil {
		return err
	}
	return file.Sync()
}

// syncDirs has the entries of a directory and of all below it be on disk.
func syncDirs(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return syncDir(path)
	})
}

// syncDir has the entries of a directory be on disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
