//go:build rust

package storage

import (
	"testing"

	"github.com/mantisdb/mantisdb/internal/slicetest"
)

func TestLetsOthersRun(t *testing.T) {
	e, err := Open(Config{Engine: EngineRust})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	key, room := []byte("key"), make([]byte, 0, guessLen)
	if _, err := e.Put(key, key, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	var b Batch
	if err := b.Put(key, key, 0); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"puts":    func() error { _, err := e.Put(key, key, WriteOptions{}); return err },
		"batches": func() error { _, err := e.Write(&b, WriteOptions{}); return err },
		"deletes": func() error { _, err := e.Delete([]byte("other"), WriteOptions{}); return err },
		"has":     func() error { _, err := e.Has(key); return err },
		"scans": func() error {
			c, err := e.Scan(Range{})
			if err != nil {
				return err
			}
			return c.Close()
		},
		"reads": func() error { _, err := e.AppendGet(room, key); return err },
	} {
		t.Run(name, func(t *testing.T) { slicetest.LetsOthersRun(t, call) })
	}
}
