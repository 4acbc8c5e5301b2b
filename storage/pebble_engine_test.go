package storage_test

import (
	"testing"

	"github.com/mantisdb/mantisdb/storage"
	"github.com/mantisdb/mantisdb/storage/storagetest"
)

func TestGoEngine(t *testing.T) {
	storagetest.Run(t, opener(storage.EngineGo), storagetest.Durable())
}

// opener opens engines of a name for the conformance suite.
func opener(engine string) storagetest.Open {
	return func(t testing.TB, dir string) storage.Engine {
		t.Helper()
		e, err := storage.Open(storage.Config{Engine: engine, Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}
