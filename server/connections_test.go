package server

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/redis"
)

// TestWhoReadsNothingHoldsNoShutdownUp: clients that take nothing are cut off when the
// server ends, by either protocol; one that reads gets all of its answer.
func TestWhoReadsNothingHoldsNoShutdownUp(t *testing.T) {
	const answer = 256 << 20 // more than the system keeps for a connection
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Put([]byte("k"), make([]byte, 16<<20)); err != nil {
		t.Fatal(err)
	}
	protocol, err := redis.New(redis.Config{Database: db})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen(t.Context(), Address{Bind: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s := New(Config{
		HTTP: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			piece := make([]byte, 64<<10)
			for range answer / len(piece) {
				if _, err := w.Write(piece); err != nil {
					return
				}
			}
		}),
		Redis: protocol, Logger: slog.New(slog.NewTextHandler(&log, nil)), ShutdownTimeout: time.Minute,
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()

	dial := func(request string) net.Conn {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	dial(strings.Repeat("GET k\r\n", answer/(16<<20)))
	dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	reader := dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	for deadline := time.Now().Add(10 * time.Second); len(s.connections.writing()) < 3; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are written to", len(s.connections.writing()))
		}
	}
	stop()
	read := int64(0)
	for err == nil { // slowly: for as long as it takes to cut the others off
		var n int64
		n, err = io.CopyN(io.Discard, reader, answer/64)
		read += n
		time.Sleep(stuckAfter / 32)
	}
	if read < answer {
		t.Errorf("the one who reads got %d bytes of %d: %v", read, answer, err)
	}
	select {
	case err := <-served:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(4 * stuckAfter):
		t.Fatal("the server waits for clients that read nothing")
	}
	if cut := strings.Count(log.String(), "does not read"); cut != 2 {
		t.Errorf("%d clients were cut off:\n%s", cut, log.String())
	}
	if left := len(s.connections.open); left != 0 {
		t.Errorf("%d connections are kept", left)
	}
}
