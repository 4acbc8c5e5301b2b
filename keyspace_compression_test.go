package mantisdb_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/mantisdb/mantisdb"
)

// diskBytesOf is what the segments of a database take that keeps compressible values in a
// keyspace of a compression, once it was opened again and compacted. It reads them all.
func diskBytesOf(t *testing.T, c mantisdb.Compression) int64 {
	dir := filepath.Join(t.TempDir(), "data")
	db := openEngine(t, dir, mantisdb.EngineRust)
	o := mantisdb.KeyspaceOptions{Compression: c}
	ks := createKeyspace(t, db, "ks", o)
	beside := createKeyspace(t, db, "beside", mantisdb.KeyspaceOptions{Compression: mantisdb.CompressionNone})
	const keys = 2000
	value := func(i int) []byte {
		text := fmt.Appendf(nil, "number %d of some that repeat themselves, ", i)
		return bytes.Repeat(text, 25)
	}
	write := func(from, to int) {
		var batch mantisdb.Batch
		for i := from; i < to; i++ {
			ok(t, batch.In(ks).Put(fmt.Append(nil, i), value(i)))
		}
		ok(t, batch.In(beside).Put([]byte("k"), []byte("v")))
		ok(t, db.Write(&batch))
	}
	write(0, keys/2)
	ok(t, db.Compact())
	ok(t, db.Close())
	db = openEngine(t, dir, mantisdb.EngineRust)
	ks, beside = openKeyspace(t, db, "ks"), openKeyspace(t, db, "beside")
	if got := ks.Options(); got != o {
		t.Errorf("the options are %+v, want %+v", got, o)
	}
	write(keys/2, keys)
	ok(t, db.Compact())
	ok(t, db.Close())
	db = openEngine(t, dir, mantisdb.EngineRust)
	defer db.Close()
	ks = openKeyspace(t, db, "ks")
	for i := range keys {
		if got, err := ks.Get(fmt.Append(nil, i)); err != nil || !bytes.Equal(got, value(i)) {
			t.Fatalf("%v, key %d: %q, %v", c, i, got, err)
		}
	}
	segments, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	ok(t, err)
	size := int64(0)
	for _, path := range segments {
		info, err := os.Stat(path)
		ok(t, err)
		size += info.Size()
	}
	return size
}

// TestKeyspaceCompression: each kind takes less space than the one before it, after a
// restart too, and all read the same.
func TestKeyspaceCompression(t *testing.T) {
	if db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineRust}); err != nil {
		t.Skip(err)
	} else {
		ok(t, db.Close())
	}
	none, lz4, zstd := diskBytesOf(t, mantisdb.CompressionNone), diskBytesOf(t, mantisdb.CompressionLZ4), diskBytesOf(t, mantisdb.CompressionZstd)
	unset := diskBytesOf(t, mantisdb.CompressionDefault)
	t.Logf("none %d, LZ4 %d, zstd %d, default %d bytes", none, lz4, zstd, unset)
	if none < 2_000_000 || lz4 > none/4 || zstd >= lz4 || unset != lz4 {
		t.Errorf("none takes %d bytes, LZ4 %d, zstd %d, the default %d", none, lz4, zstd, unset)
	}
}

// TestKeyspaceCompressionIsRefused: by the Go engine, and if there is no such one.
func TestKeyspaceCompressionIsRefused(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		_, err := db.CreateKeyspace("a", mantisdb.KeyspaceOptions{Compression: 9})
		wantErr(t, "an unknown compression", err, mantisdb.ErrInvalidOptions)
		_, err = db.CreateKeyspace("a", mantisdb.KeyspaceOptions{Compression: mantisdb.CompressionZstd})
		if refuses := db.Engine() == mantisdb.EngineGo; errors.Is(err, mantisdb.ErrUnsupported) != refuses || (err == nil) == refuses {
			t.Errorf("the %s engine: %v", db.Engine(), err)
		}
	})
}
