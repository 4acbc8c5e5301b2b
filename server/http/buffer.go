package httpapi

import "sync"

// maxPooledBuffer is the largest buffer that is kept for the next request: big
// values are rare, and would pin their memory.
const maxPooledBuffer = 1 << 20

// buffer is memory that requests borrow one after the other.
type buffer struct{ b []byte }

var buffers = sync.Pool{New: func() any { return &buffer{b: make([]byte, 0, 4<<10)} }}

func getBuffer() *buffer { return buffers.Get().(*buffer) }

// release gives the buffer back; its bytes must no longer be in use.
func (b *buffer) release() {
	if cap(b.b) > maxPooledBuffer {
		return
	}
	b.b = b.b[:0]
	buffers.Put(b)
}
