package httpapi

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
)

// discard is an answer that nobody reads, cheaper than any real one.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// rewinding is a body that is sent again and again.
type rewinding struct{ *bytes.Reader }

func (rewinding) Close() error { return nil }

// handlerCall is a request to the handler alone, without the connection.
func handlerCall(t testing.TB, method string, value []byte) (call func()) {
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Put([]byte("key-0001"), []byte("a value of the usual kind")); err != nil {
		t.Fatal(err)
	}
	h := NewHandler(server.NewLocal(db), slog.New(slog.DiscardHandler), testAbout)
	body := bytes.NewReader(value)
	r := httptest.NewRequest(method, "/api/v1/kv/key-0001", nil)
	r.ContentLength, r.Body = int64(len(value)), rewinding{body}
	w := discard{make(http.Header)}
	return func() {
		body.Seek(0, io.SeekStart)
		h.ServeHTTP(w, r)
	}
}

func benchmarkHandler(b *testing.B, method string, value []byte) {
	call := handlerCall(b, method, value)
	b.ReportAllocs()
	for b.Loop() {
		call()
	}
}

func BenchmarkGet(b *testing.B) { benchmarkHandler(b, "GET", nil) }
func BenchmarkPut(b *testing.B) { benchmarkHandler(b, "PUT", make([]byte, 100)) }

// TestAllocations: a PUT needs the key, a GET the values of two headers too.
// The engine's background work allocates now and then.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for method, most := range map[string]float64{"GET": 5, "PUT": 2} {
		if got := testing.AllocsPerRun(2000, handlerCall(t, method, []byte("v"))); got > most {
			t.Errorf("%s: %v allocations", method, got)
		}
	}
}
