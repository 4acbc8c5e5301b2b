package mantisdb_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// backupOf is a backup of a database.
func backupOf(t *testing.T, db *mantisdb.DB) []byte {
	t.Helper()
	var stream bytes.Buffer
	if _, err := db.Backup(t.Context(), &stream); err != nil {
		t.Fatal(err)
	}
	return stream.Bytes()
}

// merged is what a database has that was restored from the merged backups, by keyspace, and
// its keyspaces.
func merged(t *testing.T, backups ...[]byte) (content map[string]string, keyspaces []mantisdb.KeyspaceInfo) {
	t.Helper()
	var parts []io.Reader
	for _, b := range backups {
		parts = append(parts, bytes.NewReader(b))
	}
	var stream bytes.Buffer
	made, err := mantisdb.MergeBackups(t.Context(), &stream, parts...)
	if err != nil || made.Bytes != uint64(stream.Len()) {
		t.Fatalf("%+v, %v", made, err)
	}
	dir := filepath.Join(t.TempDir(), "restored")
	if restored, err := mantisdb.Restore(t.Context(), dir, &mantisdb.Options{Engine: mantisdb.EngineGo}, &stream); err != nil || restored != made {
		t.Fatalf("%+v, %v, want %+v", restored, err, made)
	}
	db := openEngine(t, dir, mantisdb.EngineGo)
	if index, err := db.AppliedIndex(); err != nil || index != nil {
		t.Errorf("an applied index %q, %v", index, err)
	}
	if keyspaces, err = db.Keyspaces(); err != nil {
		t.Fatal(err)
	}
	content = map[string]string{"": everything(t, db)}
	for _, info := range keyspaces {
		ks, err := db.Keyspace(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		scan := ks.Scan(mantisdb.Range{})
		for e := range scan.Entries() {
			content[info.Name] += fmt.Sprintf("%q %q %d\n", e.Key, e.Value, e.ExpiresAt)
		}
		if err := scan.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return content, keyspaces
}

// TestMergeBackups: the parts of a database, whose keyspaces were made in other orders, are
// merged to what one database with all of it has.
func TestMergeBackups(t *testing.T) {
	names := []string{"b", "a", "c"}
	parts := make([]*mantisdb.DB, 3)
	for i := range parts {
		parts[i] = openEngine(t, "", mantisdb.EngineGo)
		for j := range names {
			name := names[(i+j)%len(names)]
			if _, err := parts[i].CreateKeyspace(name, mantisdb.KeyspaceOptions{TTL: 100 * time.Hour}); err != nil {
				t.Fatal(err)
			}
		}
		if err := parts[i].DropKeyspace("c"); err != nil {
			t.Fatal(err)
		}
	}
	// What the first part does not have is none of the whole.
	half, err := parts[1].CreateKeyspace("half", mantisdb.KeyspaceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := half.Put([]byte("k"), nil); err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string)
	for i := range 3000 {
		key := fmt.Appendf([]byte{byte(i % 3)}, "key-%04d", i)
		var batch mantisdb.Batch
		if err := batch.SetAppliedIndex([]byte("an index")); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"", "a", "b"} {
			in := batch.In(nil)
			if name != "" {
				ks, err := parts[i%2].Keyspace(name)
				if err != nil {
					t.Fatal(err)
				}
				in = batch.In(ks)
			}
			if err := in.PutExpiresAt(key, []byte(name), farFuture); err != nil {
				t.Fatal(err)
			}
		}
		if err := parts[i%2].Write(&batch); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"", "a", "b"} {
		for first := range 3 {
			for i := first; i < 3000; i += 3 {
				want[name] += fmt.Sprintf("%q %q %d\n", fmt.Appendf([]byte{byte(first)}, "key-%04d", i), name, int64(farFuture))
			}
		}
	}
	got, keyspaces := merged(t, backupOf(t, parts[0]), backupOf(t, parts[1]), backupOf(t, parts[2]))
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("keyspace %q has other entries: %d bytes of text, want %d", name, len(got[name]), len(want[name]))
		}
	}
	options := mantisdb.KeyspaceOptions{TTL: 100 * time.Hour}
	if !slices.Equal(keyspaces, []mantisdb.KeyspaceInfo{{Name: "a", Options: options}, {Name: "b", Options: options}}) {
		t.Errorf("the keyspaces are %+v", keyspaces)
	}
}

// farFuture is an expiry in Unix milliseconds, in 2100.
const farFuture = 4102444800000

// TestMergeBackupsRefuses what is no parts of one database.
func TestMergeBackupsRefuses(t *testing.T) {
	db := openEngine(t, "", mantisdb.EngineGo)
	for i := range 10 {
		if err := db.Put([]byte{byte(i)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	empty, whole := backupOf(t, openEngine(t, "", mantisdb.EngineGo)), backupOf(t, db)
	for what, c := range map[string]struct {
		second []byte
		want   error
	}{
		"a key twice": {whole, mantisdb.ErrExists},
		"cut off":     {empty[:len(empty)-1], mantisdb.ErrCorrupt},
		"no backup":   {bytes.Repeat([]byte("x"), 100), mantisdb.ErrWrongFormat},
	} {
		var out bytes.Buffer
		if _, err := mantisdb.MergeBackups(t.Context(), &out, bytes.NewReader(whole), bytes.NewReader(c.second)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := mantisdb.VerifyBackup(t.Context(), &out); err == nil {
			t.Errorf("%s: it left a whole backup", what)
		}
	}
	if got, _ := merged(t, whole, empty); got[""] != everything(t, db) {
		t.Error("with a part that is empty, something is missing")
	}
}
