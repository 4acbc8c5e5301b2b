package mantisdb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/mantisdb/mantisdb"
)

// openEngine opens a database, or skips what the build lacks.
func openEngine(t *testing.T, dir, engine string) *mantisdb.DB {
	t.Helper()
	db, err := mantisdb.Open(dir, &mantisdb.Options{Engine: engine})
	if errors.Is(err, mantisdb.ErrEngineNotBuilt) || errors.Is(err, mantisdb.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// everything is all entries of a database, with their expiries, as text.
func everything(t *testing.T, db *mantisdb.DB) string {
	t.Helper()
	var all bytes.Buffer
	scan := db.Scan(mantisdb.Range{})
	for e := range scan.Entries() {
		fmt.Fprintf(&all, "%q %q %d\n", e.Key, e.Value, e.ExpiresAt)
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestBackupAcrossEngines: what one engine backs up, each restores.
func TestBackupAcrossEngines(t *testing.T) {
	for _, from := range []string{mantisdb.EngineGo, mantisdb.EngineRust} {
		for _, to := range []string{mantisdb.EngineGo, mantisdb.EngineRust} {
			t.Run(from+" to "+to, func(t *testing.T) {
				db := openEngine(t, "", from)
				var batch mantisdb.Batch
				for i := range 5000 {
					if err := batch.PutExpiresAt(fmt.Appendf(nil, "key-%d", i), bytes.Repeat([]byte("v"), i), int64(i%2)*4102444800000); err != nil {
						t.Fatal(err)
					}
				}
				if err := db.Write(&batch); err != nil {
					t.Fatal(err)
				}
				var stream bytes.Buffer
				made, err := db.Backup(t.Context(), &stream)
				if err != nil || made.Entries != 5000 || made.Bytes != uint64(stream.Len()) || made.Version == 0 {
					t.Fatalf("%+v, %v", made, err)
				}
				dir := filepath.Join(t.TempDir(), "new", "restored")
				restored, err := mantisdb.Restore(t.Context(), dir, &mantisdb.Options{Engine: to}, &stream)
				if errors.Is(err, mantisdb.ErrEngineNotBuilt) || errors.Is(err, mantisdb.ErrUnsupported) {
					t.Skip(err)
				}
				if err != nil || restored != made {
					t.Fatalf("%+v, %v, want %+v", restored, err, made)
				}
				if everything(t, openEngine(t, dir, to)) != everything(t, db) {
					t.Fatal("what was restored differs")
				}
			})
		}
	}
}

// TestRestoreLeavesNothingBehind when it fails, and takes no directory that is
// in use.
func TestRestoreLeavesNothingBehind(t *testing.T) {
	db := openEngine(t, "", mantisdb.EngineGo)
	for i := range 100 {
		if err := db.Put(fmt.Appendf(nil, "key-%02d", i), make([]byte, 50_000)); err != nil {
			t.Fatal(err)
		}
	}
	var stream bytes.Buffer
	if _, err := db.Backup(t.Context(), &stream); err != nil {
		t.Fatal(err)
	}
	opts := &mantisdb.Options{Engine: mantisdb.EngineGo}
	parent := t.TempDir()
	dir := filepath.Join(parent, "data")
	damaged := bytes.Clone(stream.Bytes())
	damaged[len(damaged)/2] ^= 1
	for what, p := range map[string][]byte{
		"cut off": stream.Bytes()[:stream.Len()-1], "damaged": damaged, "empty": nil, "something else": []byte("hello, this is no backup at all, and long enough"),
	} {
		if _, err := mantisdb.Restore(t.Context(), dir, opts, bytes.NewReader(p)); !errors.Is(err, mantisdb.ErrCorrupt) && !errors.Is(err, mantisdb.ErrWrongFormat) {
			t.Errorf("%s: %v", what, err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mantisdb.Restore(cancelled, dir, opts, bytes.NewReader(stream.Bytes())); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := db.Backup(cancelled, &stream); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled backup: %v", err)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Fatalf("left behind: %v, %v", left, err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "mine"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := mantisdb.Restore(t.Context(), dir, opts, bytes.NewReader(stream.Bytes())); !errors.Is(err, mantisdb.ErrInvalidOptions) {
		t.Errorf("into a directory with something in it: %v", err)
	}
	if _, err := mantisdb.Restore(t.Context(), "", opts, bytes.NewReader(stream.Bytes())); !errors.Is(err, mantisdb.ErrInvalidOptions) {
		t.Errorf("into memory: %v", err)
	}
	if left, _ := os.ReadDir(parent); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWriteOptions(t *testing.T) {
	db := openEngine(t, t.TempDir(), mantisdb.EngineGo)
	key, value := []byte("k"), []byte("v")
	for _, d := range []mantisdb.Durability{mantisdb.DurabilityDefault, mantisdb.DurabilitySync, mantisdb.DurabilityBuffered, mantisdb.DurabilityMemory} {
		o := mantisdb.WriteOptions{Durability: d}
		if err := db.PutWith(key, value, o); err != nil {
			t.Fatal(err)
		}
		if err := db.DeleteWith(key, o); err != nil {
			t.Fatal(err)
		}
		if stored, err := db.PutIfAbsentWith(key, value, o); err != nil || !stored {
			t.Fatal(stored, err)
		}
		var batch mantisdb.Batch
		if err := batch.Delete(key); err != nil {
			t.Fatal(err)
		}
		if err := db.WriteWith(&batch, o); err != nil {
			t.Fatal(err)
		}
	}
	timed := mantisdb.WriteOptions{TTL: 1}
	for what, err := range map[string]error{
		"a level that does not exist": db.PutWith(key, value, mantisdb.WriteOptions{Durability: 9}),
		"a deletion with a TTL":       db.DeleteWith(key, timed),
		"a batch with a TTL":          db.WriteWith(new(mantisdb.Batch), timed),
		"no batch":                    db.WriteWith(nil, mantisdb.WriteOptions{}),
	} {
		if !errors.Is(err, mantisdb.ErrInvalidOptions) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := db.PutWith(key, value, mantisdb.WriteOptions{TTL: -1}); !errors.Is(err, mantisdb.ErrInvalidTTL) {
		t.Errorf("a negative TTL: %v", err)
	}
	for _, opts := range []mantisdb.Options{{Durability: 9}, {MemoryLimit: mantisdb.MinMemoryLimit}} {
		opts.Engine = mantisdb.EngineGo
		if _, err := mantisdb.Open("", &opts); !errors.Is(err, mantisdb.ErrInvalidOptions) {
			t.Errorf("%+v: %v", opts, err)
		}
	}
	if _, err := mantisdb.Open(t.TempDir(), &mantisdb.Options{Engine: mantisdb.EngineGo, MemoryLimit: 1 << 20}); !errors.Is(err, mantisdb.ErrInvalidOptions) {
		t.Errorf("a memory limit of 1 MiB: %v", err)
	}
}
