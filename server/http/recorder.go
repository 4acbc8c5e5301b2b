package httpapi

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/server/clientmemory"
)

// recorder notes how a request is answered, for the figures and the log.
type recorder struct {
	http.ResponseWriter
	route  *routeFigures
	shard  int // of the figures that it counts in
	began  time.Time
	status int // 0: nothing was answered yet
	sent   int64
	share  clientmemory.Share // of what the request takes
}

// recorders are kept, so that a request allocates none. A pool gives a processor its own
// ones again, and each has a shard: so processors seldom count in the same one.
var recorders = sync.Pool{New: func() any {
	return &recorder{shard: int(lastShard.Add(1))}
}}

var lastShard atomic.Uint32

// record is the recorder of a request that begins now.
func (h *Handler) record(w http.ResponseWriter) *recorder {
	rec := recorders.Get().(*recorder)
	rec.ResponseWriter, rec.route, rec.began = w, h.others, time.Now()
	rec.status, rec.sent = 0, 0
	rec.share.Open(h.memory)
	return rec
}

// release gives the recorder back; the handler has returned.
func (rec *recorder) release() {
	rec.ResponseWriter = nil
	rec.share.Release()
	recorders.Put(rec)
}

// WriteHeader implements http.ResponseWriter.
func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (rec *recorder) Write(b []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	n, err := rec.ResponseWriter.Write(b)
	rec.sent += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// unrecorded is the writer of the connection itself, which net/http knows.
func unrecorded(w http.ResponseWriter) http.ResponseWriter {
	if rec, ok := w.(*recorder); ok {
		return rec.ResponseWriter
	}
	return w
}

// take counts memory that a request takes beyond the little that each may. Without room for
// it among what all requests take together, the request is refused.
func take(w http.ResponseWriter, bytes int) error {
	if rec, ok := w.(*recorder); ok && !rec.share.Take(int64(bytes)) {
		return problemBusy
	}
	return nil
}

// routed notes the route of a request, once it is known.
func routed(w http.ResponseWriter, route *routeFigures) {
	if rec, ok := w.(*recorder); ok {
		rec.route = route
	}
}
