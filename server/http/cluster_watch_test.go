package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/internal/wire"
)

// wantChanges reads changes, each a put of a number under a key, until there are so many of all
// keys as counts has, which is brought down to 0. Those of a key must come in order. It returns the
// last id.
func (r *eventReader) wantChanges(next map[string]int, until map[string]int) (id string) {
	r.t.Helper()
	left := 0
	for key, n := range until {
		left += n - next[key]
	}
	for left > 0 {
		e, ok := r.next()
		if !ok {
			r.t.Fatalf("the watch ended, %d changes before its end", left)
		}
		if e.comment != "" {
			continue
		}
		var c struct {
			Key   string `json:"key_text"`
			Value string `json:"value_text"`
		}
		if err := json.Unmarshal([]byte(e.data), &c); err != nil || e.name != "put" || e.id == "" {
			r.t.Fatalf("got %+v, %v", e, err)
		}
		if c.Value != strconv.Itoa(next[c.Key]) {
			r.t.Fatalf("%s: got %s, want %d", c.Key, c.Value, next[c.Key])
		}
		next[c.Key]++
		left--
		id = e.id
	}
	return id
}

// watchedWriter puts numbers under some keys, by all nodes in turn.
type watchedWriter struct {
	*testCluster
	written map[string]int
}

func (w *watchedWriter) write(rounds int) {
	w.t.Helper()
	for range rounds {
		for i := range 24 {
			key := "k" + strconv.Itoa(i)
			n := w.nodes[(i+w.written[key])%len(w.nodes)]
			if a := n.do("PUT", "/api/v1/kv/"+key, strconv.Itoa(w.written[key])); a.status != 204 {
				w.t.Fatalf("%s: %+v", key, a)
			}
			w.written[key]++
		}
	}
}

// TestClusterWatch: every node tells of the changes in all shards, each once and those of a key in
// order, also behind the last event that was read at another node, and when the leads go round.
func TestClusterWatch(t *testing.T) {
	c := newCluster(t, 3, 8)
	w := &watchedWriter{c, map[string]int{}}
	const target = "/api/v1/watch?encoding=text"
	var streams []*eventReader
	var seen []map[string]int
	for _, n := range c.nodes {
		r := n.stream(target)
		if e, ok := r.next(); !ok || e.id == "" || e.name != "" {
			t.Fatalf("got %+v, want where the watch begins", e)
		}
		streams, seen = append(streams, r), append(seen, map[string]int{})
	}
	w.write(5)
	last := streams[0].wantChanges(seen[0], w.written)
	streams[1].wantChanges(seen[1], w.written)

	w.write(5) // which the third has not read yet, either
	again := c.nodes[1].stream(target, "Last-Event-ID", last)
	if e, ok := again.next(); !ok || e.id != last {
		t.Errorf("got %+v, want to go on behind %s", e, last)
	}
	again.wantChanges(seen[0], w.written)
	streams[1].wantChanges(seen[1], w.written)

	for shard := range c.shards {
		c.lead(shard, (c.leaders[shard]+1)%len(c.nodes))
	}
	w.write(5)
	again.wantChanges(seen[0], w.written)
	streams[1].wantChanges(seen[1], w.written)
	streams[2].wantChanges(seen[2], w.written)
}

// TestClusterWatchStays: while every shard keeps its leader, each is asked to be watched once, and the
// next leader is asked although the one before tells nothing of it.
func TestClusterWatchStays(t *testing.T) {
	c := newCluster(t, 3, 8)
	var asked atomic.Int64
	for _, n := range c.nodes {
		peer := n.peer.Config.Handler
		n.peer.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/watch") {
				asked.Add(1)
			}
			peer.ServeHTTP(w, r)
		})
	}
	r := c.nodes[0].stream("/api/v1/watch")
	r.next()
	begun := asked.Load()
	time.Sleep(1500 * time.Millisecond) // longer than a watch waits before it looks or asks again
	if now := asked.Load(); begun == 0 || now != begun {
		t.Errorf("%d watches were asked for at first, and %d by then", begun, now)
	}
	c.lead(1, 2)
	for deadline := time.Now().Add(10 * time.Second); asked.Load() == begun; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the next leader was not asked")
		}
	}
}

// TestClusterWatchOfOneShard: a range that lies in one shard is watched there alone.
func TestClusterWatchOfOneShard(t *testing.T) {
	c := newCluster(t, 3, 8)
	for i, n := range c.nodes {
		tag := fmt.Sprintf("{t%d}", i)
		r := n.stream("/api/v1/watch?keys_only=true&encoding=text&prefix=" + tag)
		first, _ := r.next()
		for _, do := range [][2]string{{"PUT", "/kv/elsewhere"}, {"PUT", "/kv/" + tag + "a"}, {"DELETE", "/kv/" + tag + "a"}, {"DELETE", "/range?all=true"}} {
			if a := c.nodes[(i+1)%3].do(do[0], "/api/v1"+do[1], ""); a.status != 204 {
				t.Fatalf("%v: %+v", do, a)
			}
		}
		var got []string
		for range 3 {
			e, ok := r.next()
			if !ok || e.id == first.id {
				t.Fatalf("got %+v", e)
			}
			got = append(got, e.name)
		}
		if want := []string{"put", "delete", "delete-range"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		// All is an other range than that.
		wantProblem(t, n.do("GET", "/api/v1/watch", "", "Last-Event-ID", first.id), malformedRequest)
	}
}

// TestClusterWatchOfKeyspaces: a keyspace is watched in all shards, until it is dropped.
func TestClusterWatchOfKeyspaces(t *testing.T) {
	c := newCluster(t, 2, 4)
	wantProblem(t, c.nodes[0].do("GET", testKeyspacePath+"/watch", ""), keyspaceNotFound)
	if a := c.nodes[0].do("POST", keyspacesPath, `{"name":"k/s"}`); a.status != 201 {
		t.Fatalf("%+v", a)
	}
	r := c.nodes[0].stream(testKeyspacePath + "/watch?encoding=text")
	r.next()
	for i := range 8 {
		if a := c.nodes[1].do("PUT", fmt.Sprintf("%s/kv/%d", testKeyspacePath, i), ""); a.status != 204 {
			t.Fatalf("%+v", a)
		}
	}
	for range 8 {
		if e, ok := r.next(); !ok || e.name != "put" {
			t.Fatalf("got %+v", e)
		}
	}
	if a := c.nodes[1].do("DELETE", testKeyspacePath, ""); a.status != 204 {
		t.Fatalf("%+v", a)
	}
	for {
		e, ok := r.next()
		if !ok {
			t.Fatal("the watch of a keyspace that was dropped ended without an error")
		}
		if e.name != "error" {
			continue // it may be told as the deletion of its range
		}
		var p wire.Problem
		if err := json.Unmarshal([]byte(e.data), &p); err != nil || p.Type != problemBase+keyspaceNotFound.name {
			t.Errorf("got %+v", e)
		}
		return
	}
}

// TestClusterWatchGone: when changes cannot be told without a gap, the watch ends and says so.
func TestClusterWatchGone(t *testing.T) {
	c := newCluster(t, 3, 4)
	w := &watchedWriter{c, map[string]int{}}
	w.write(1) // nobody watches, so nothing is kept
	for _, form := range [][]byte{{1}, {2, 0, 0, 0, 0, 0, 0, 0, 0}} {
		fromOne := base64.RawURLEncoding.EncodeToString(append(form, 4, 1, 1, 1, 1))
		wantProblem(t, c.nodes[1].do("GET", "/api/v1/watch", "", "Last-Event-ID", fromOne), historyGone)
	}
	for _, target := range []string{"from=1", "from=7", "after=7", "after=x", "after=Ag"} {
		wantProblem(t, c.nodes[0].do("GET", "/api/v1/watch?"+target, ""), malformedRequest)
	}

	r := c.nodes[0].stream("/api/v1/watch")
	r.next()
	c.nodes[0].Config.Handler.(*Handler).EndStreams()
	r.wantFailure(unavailable)
}

// TestClusterWatchOfAnother: an id of another cluster, with as many shards or not, or of a keyspace that
// was dropped and made anew, is not taken for one of what there is.
func TestClusterWatchOfAnother(t *testing.T) {
	c := newCluster(t, 2, 4)
	create := func() {
		t.Helper()
		if a := c.nodes[0].do("POST", keyspacesPath, `{"name":"k/s"}`); a.status != 201 {
			t.Fatalf("%+v", a)
		}
	}
	// watch asks for a watch that is refused: one that is not has no end.
	watch := func(s *testNode, path, after string) answer {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		return s.send(s.request("GET", path, http.NoBody, "Last-Event-ID", after).WithContext(ctx))
	}
	create()
	r, all := c.nodes[0].stream(testKeyspacePath+"/watch"), c.nodes[0].stream("/api/v1/watch")
	began, _ := r.next()
	whole, _ := all.next()
	if a := watch(c.nodes[1], testKeyspacePath+"/watch", whole.id); a.status != 410 {
		t.Errorf("an id of another keyspace: %+v", a)
	}
	if a := c.nodes[1].do("DELETE", testKeyspacePath, ""); a.status != 204 {
		t.Fatalf("%+v", a)
	}
	create()
	wantProblem(t, watch(c.nodes[1], testKeyspacePath+"/watch", began.id), historyGone)

	for _, shards := range []int{4, 8} {
		other := newCluster(t, 2, shards)
		other.history = 1000
		wantProblem(t, watch(other.nodes[0], "/api/v1/watch", whole.id), historyGone)
	}
	again := c.nodes[1].stream("/api/v1/watch", "Last-Event-ID", whole.id)
	if e, ok := again.next(); !ok || e.id != whole.id {
		t.Errorf("got %+v, want to go on behind %s", e, whole.id)
	}
}
