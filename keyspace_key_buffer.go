package mantisdb

import "sync"

// storedKey is a key as the engine knows it. It must be released when the engine has
// seen it.
type storedKey struct {
	bytes  []byte
	buffer *keyBuffer // that bytes are in, or nil if they are the caller's
}

func (k storedKey) release() {
	if k.buffer != nil {
		k.buffer.release()
	}
}

// keyBuffer is memory in which keys are put into their stored form.
type keyBuffer struct {
	arena []byte
	keys  [][]byte
}

var keyBuffers = sync.Pool{New: func() any { return new(keyBuffer) }}

// maxKeptBuffer is the most memory that a buffer keeps for its next use, in bytes.
const maxKeptBuffer = 256 << 10

func (b *keyBuffer) release() {
	if cap(b.arena) > maxKeptBuffer {
		b.arena = nil
	}
	clear(b.keys)
	b.keys = b.keys[:0]
	keyBuffers.Put(b)
}

// setKeys puts keys, which were checked, into their stored form in a region.
func (b *keyBuffer) setKeys(g *region, keys [][]byte) {
	size := 0
	for _, key := range keys {
		size += namedPrefixLen + len(key)
	}
	if cap(b.arena) < size { // it must not move while keys are in it
		b.arena = make([]byte, 0, size)
	}
	arena := b.arena[:0]
	for _, key := range keys {
		start := len(arena)
		arena = g.append(arena, key)
		b.keys = append(b.keys, arena[start:])
	}
}
