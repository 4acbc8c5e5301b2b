//go:build rust

package cache

import (
	"testing"

	"github.com/mantisdb/mantisdb/internal/slicetest"
)

func TestLetsOthersRun(t *testing.T) {
	c, err := New(Options{Budget: 1 << 20, Engine: EngineRust})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	key, room := []byte("key"), make([]byte, 0, 16)
	if err := c.Set(key, key); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"reads": func() error { _, err := c.AppendGet(room, key); return err },
		"puts":  func() error { return c.Set(key, key) },
	} {
		t.Run(name, func(t *testing.T) { slicetest.LetsOthersRun(t, call) })
	}
}
