package httpapi

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/figures"
)

// routesOf are what a handler tells of its routes, by method, path and class.
func routesOf(t *testing.T, s *testServer) map[string]figures.Route {
	t.Helper()
	snapshot, err := s.Config.Handler.(*Handler).figures.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	routes := map[string]figures.Route{}
	for _, r := range snapshot.HTTP.Routes {
		routes[r.Method+" "+r.Path+" "+r.Status] = r
	}
	return routes
}

func TestRequestsAreCountedByRoute(t *testing.T) {
	s := newServer(t)
	s.put("k", "value")
	createKeyspace(t, s, testKeyspace)
	for _, r := range []struct{ method, target, as string }{
		{"GET", "/api/v1/kv/k", "GET /api/v1/kv/{key} 2xx"},
		{"HEAD", "/api/v1/kv/k", "HEAD /api/v1/kv/{key} 2xx"},
		{"GET", "/api/v1/kv/none", "GET /api/v1/kv/{key} 4xx"},
		{"PUT", "/api/v1/kv/k", "PUT /api/v1/kv/{key} 2xx"},
		{"POST", "/api/v1/kv/n?op=increment", "POST /api/v1/kv/{key} 2xx"},
		{"DELETE", "/api/v1/kv/k", "DELETE /api/v1/kv/{key} 2xx"},
		{"BREW", "/api/v1/kv/k", "other /api/v1/kv/{key} 4xx"},
		{"GET", testKeyspacePath + "/kv/k", "GET /api/v1/keyspaces/{keyspace}/kv/{key} 4xx"},
		{"GET", testKeyspacePath + "/scan", "GET /api/v1/keyspaces/{keyspace}/scan 2xx"},
		{"POST", "/api/v1/kv/batch", "POST /api/v1/kv/batch 4xx"},
		{"GET", "/", "GET / 2xx"},
		{"POST", "/", "other / 4xx"},
		{"POST", "/health", "other /health 4xx"},
		{"GET", "/a/b/c", "other other 4xx"},
	} {
		before := routesOf(t, s)[r.as]
		a := s.do(r.method, r.target, "")
		waitCounted(t, s, r.as, before.Requests+1)
		after := routesOf(t, s)[r.as]
		sent := int64(len(a.body))
		if r.method == "HEAD" {
			sent = int64(len("value")) // which net/http leaves out
		}
		if after.Sent-before.Sent != sent || after.Time <= before.Time || after.Latencies.Count() != after.Requests {
			t.Errorf("%s %s: %+v after %+v, with %d bytes", r.method, r.target, after, before, sent)
		}
	}
}

// waitCounted waits until so many requests were counted: an answer may arrive before that.
func waitCounted(t *testing.T, s *testServer, route string, want int64) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); routesOf(t, s)[route].Requests < want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s is not counted: %v", route, routesOf(t, s))
		}
	}
	if got := routesOf(t, s)[route].Requests; got != want {
		t.Errorf("%s: %d requests, want %d", route, got, want)
	}
}

// countedStore fails in all but its figures.
type countedStore struct{ failingStore }

func (countedStore) Stats(context.Context) (mantisdb.Stats, error) { return mantisdb.Stats{}, nil }

// What breaks off in the middle was answered as it began; what fails before, with an error.
func TestFailuresAreCounted(t *testing.T) {
	entries := []mantisdb.Entry{{Key: []byte("k")}}
	s := newServerOver(t, countedStore{failingStore{err: mantisdb.ErrCorrupt, entries: entries}})
	if resp, err := s.Client().Get(s.URL + "/api/v1/backup"); err == nil {
		resp.Body.Close()
	}
	waitCounted(t, s, "GET /api/v1/backup 2xx", 1)
	s.do("GET", "/api/v1/kv/k", "")
	waitCounted(t, s, "GET /api/v1/kv/{key} 5xx", 1)
}

func TestShardsOfRoutesAddUp(t *testing.T) {
	const clients, each = 20, 50
	s := newServer(t)
	s.put("k", "v")
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for range each {
				resp, err := s.Client().Get(s.URL + "/api/v1/kv/k")
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
			}
		})
	}
	all.Wait()
	waitCounted(t, s, "GET /api/v1/kv/{key} 2xx", clients*each)
}

// A body that is longer than allowed ends the connection, which the writer of net/http
// sees to, not the recorder.
func TestTooLongABodyEndsTheConnection(t *testing.T) {
	s := newServer(t)
	body := strings.NewReader(strings.Repeat(" ", maxJSONBody+1))
	r := s.request("POST", "/api/v1/kv/batch", struct{ *strings.Reader }{body}, "Content-Type", "application/json")
	r.ContentLength = -1
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge || !resp.Close {
		t.Errorf("%d, the connection ends: %v", resp.StatusCode, resp.Close)
	}
}
