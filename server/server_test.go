package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/figures"
)

// running is a server with one handler that waits to be released.
type running struct {
	url     string
	entered chan struct{} // a request is in the handler
	release chan struct{} // lets it finish
	stop    context.CancelFunc
	served  chan error // what Serve returned
	server  *Server
}

func run(t *testing.T, shutdownTimeout time.Duration) *running {
	t.Helper()
	l, err := Listen(t.Context(), Address{Bind: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	r := &running{
		url:     fmt.Sprintf("http://%s/", l.Addr()),
		entered: make(chan struct{}, 1), release: make(chan struct{}), served: make(chan error, 1),
	}
	s := New(Config{
		HTTP: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			r.entered <- struct{}{}
			<-r.release
			io.WriteString(w, "done")
		}),
		Logger: slog.New(slog.DiscardHandler), ShutdownTimeout: shutdownTimeout,
	})
	ctx, stop := context.WithCancel(t.Context())
	r.stop, r.server = stop, s
	t.Cleanup(stop)
	go func() { r.served <- s.Serve(ctx, l) }()
	return r
}

// get asks the server in the background.
func (r *running) get(t *testing.T) <-chan error {
	answered := make(chan error, 1)
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	go func() {
		resp, err := client.Get(r.url)
		if err == nil {
			var body []byte
			if body, err = io.ReadAll(resp.Body); string(body) != "done" {
				err = errors.Join(err, fmt.Errorf("body %q", body))
			}
			resp.Body.Close()
		}
		answered <- err
	}()
	return answered
}

func TestShutdownFinishesWhatIsInFlight(t *testing.T) {
	r := run(t, time.Minute)
	answered := r.get(t)
	<-r.entered
	r.stop()
	waitRefused(t, r.url)
	select {
	case err := <-r.served:
		t.Fatalf("the server ended with a request in flight: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(r.release)
	if err := <-answered; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	if err := <-r.served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestShutdownTimeout(t *testing.T) {
	r := run(t, 50*time.Millisecond)
	answered := r.get(t)
	<-r.entered
	r.stop()
	if err := <-r.served; err == nil {
		t.Error("Serve did not tell that a request was cut off")
	}
	if err := <-answered; err == nil {
		t.Error("a request outlived the shutdown timeout")
	}
	close(r.release)
}

// TestShutdownEndsStreams: an answer without end does not hold the shutdown up.
func TestShutdownEndsStreams(t *testing.T) {
	l, err := Listen(t.Context(), Address{Bind: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	s := New(Config{
		HTTP: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.NewResponseController(w).Flush()
			<-ended
		}),
		Logger: slog.New(slog.DiscardHandler), ShutdownTimeout: time.Minute,
		EndStreams: func() { close(ended) },
	})
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	resp, err := http.Get(fmt.Sprintf("http://%s/", l.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	stop()
	select {
	case err := <-served:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("a stream held the shutdown up")
	}
}

func TestIdleConnectionsDoNotDelayShutdown(t *testing.T) {
	r := run(t, time.Minute)
	close(r.release)
	if err := <-r.get(t); err != nil { // its connection stays open
		t.Fatal(err)
	}
	if n := r.connections(); n != 1 {
		t.Errorf("%d connections of HTTP", n)
	}
	began := time.Now()
	r.stop()
	if err := <-r.served; err != nil || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	for r.connections() != 0 { // net/http tells of the end in the background
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%d connections of HTTP at the end", r.connections())
		}
		time.Sleep(time.Millisecond)
	}
}

// connections are those of HTTP that the figures tell.
func (r *running) connections() int {
	var all figures.Snapshot
	r.server.AddFigures(&all)
	return all.HTTP.Connections
}

func TestServeFails(t *testing.T) {
	l, err := Listen(t.Context(), Address{Bind: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := New(Config{HTTP: http.NotFoundHandler(), Logger: slog.New(slog.DiscardHandler)})
	if err := s.Serve(t.Context(), l); err == nil {
		t.Error("served on a closed listener")
	}
}

// waitRefused waits until nothing listens at url any more.
func waitRefused(t *testing.T, url string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		conn, err := net.Dial("tcp", url[len("http://"):len(url)-1])
		if err != nil {
			return
		}
		conn.Close()
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the server still takes connections")
}

// TestHeaderLimit: the longest key, with every byte percent-encoded, fits in a
// request line; what is much longer is refused.
func TestHeaderLimit(t *testing.T) {
	r := run(t, time.Minute)
	close(r.release)
	for n, want := range map[int]int{3 * mantisdb.MaxKeyLen: http.StatusOK, maxHeaderBytes + 8<<10: http.StatusRequestHeaderFieldsTooLarge} {
		resp, err := http.Get(r.url + strings.Repeat("k", n))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%d bytes: %s", n, resp.Status)
		}
		if want == http.StatusOK {
			<-r.entered
		}
	}
}
