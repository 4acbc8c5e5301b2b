package fragments

import (
	"sync"

	"github.com/mantisdb/mantisdb/storage"
)

// memoryEngine has of an engine what a store needs, without goroutines, so that tests can have
// the time of their own. Expiry it leaves out.
type memoryEngine struct {
	storage.Engine
	mu      sync.Mutex
	entries map[string][]byte
}

func (m *memoryEngine) AppendGet(dst, key []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.entries[string(key)]
	if !ok {
		return dst, storage.ErrNotFound
	}
	return append(dst, value...), nil
}

func (m *memoryEngine) Put(key, value []byte, _ storage.WriteOptions) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[string(key)] = []byte(string(value))
	return 1, nil
}

func (m *memoryEngine) Delete(key []byte, _ storage.WriteOptions) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, string(key))
	return 1, nil
}

func (m *memoryEngine) Write(b *storage.Batch, _ storage.WriteOptions) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for op := range b.All() {
		for key := range m.entries {
			if op.Range().Contains([]byte(key)) {
				delete(m.entries, key)
			}
		}
	}
	return 1, nil
}

// Scan yields what there is of the range, in no order.
func (m *memoryEngine) Scan(r storage.Range) (storage.Cursor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &memoryCursor{}
	for key, value := range m.entries {
		if r.Contains([]byte(key)) {
			c.keys, c.values = append(c.keys, []byte(key)), append(c.values, value)
		}
	}
	return c, nil
}

type memoryCursor struct {
	storage.Cursor
	keys, values [][]byte
	at           int
}

func (c *memoryCursor) Next() bool    { c.at++; return c.at <= len(c.keys) }
func (c *memoryCursor) Key() []byte   { return c.keys[c.at-1] }
func (c *memoryCursor) Value() []byte { return c.values[c.at-1] }
func (c *memoryCursor) Err() error    { return nil }
func (c *memoryCursor) Close() error  { return nil }
