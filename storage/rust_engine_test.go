//go:build rust

package storage_test

import (
	"testing"

	"github.com/mantisdb/mantisdb/storage"
	"github.com/mantisdb/mantisdb/storage/storagetest"
)

func TestRustEngine(t *testing.T) {
	storagetest.Run(t, opener(storage.EngineRust), storagetest.Durable())
}
