package sharded

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// localFeed watches a shard that this node leads.
func localFeed(t testing.TB) (*mantisdb.DB, *shardFeed) {
	t.Helper()
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: mantisdb.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	store := New(nil, "", nil)
	s := &shardWatch{watch: &watch{keyspace: store.keyspace}}
	feed, err := s.open(t.Context(), &cluster.Route{DB: db, History: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		feed.close()
		store.Close()
		db.Close()
	})
	return db, feed
}

// TestLocalFeedPasses: a shard that this node leads tells again and again how far it has come, between
// changes that come in time.
func TestLocalFeedPasses(t *testing.T) {
	defer func(d time.Duration) { passEvery = d }(passEvery)
	passEvery = 20 * time.Millisecond
	db, feed := localFeed(t)
	for range 3 {
		if _, err := feed.next(t.Context()); !errors.Is(err, wire.ErrPassed) {
			t.Errorf("what tells nothing: %v", err)
		}
		if err := db.Put([]byte("key"), nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * passEvery) // in which nobody listens
		if c, err := feed.next(t.Context()); err != nil || string(c.Key) != "key" {
			t.Errorf("told is %+v, %v", c, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := feed.next(ended); errors.Is(err, wire.ErrPassed) {
		t.Error("a watch that has ended tells how far it has come")
	}
}

// BenchmarkLocalFeed is the changes of a shard that this node leads.
func BenchmarkLocalFeed(b *testing.B) {
	db, feed := localFeed(b)
	b.ReportAllocs()
	for done := 0; done < b.N; {
		b.StopTimer()
		n := min(b.N-done, 1000)
		for range n {
			if err := db.Put([]byte("key"), []byte("value")); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		for range n {
			if _, err := feed.next(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		done += n
	}
}

// TestSilentPeer: a peer that tells nothing while it is listened to is given up; that it was not listened
// to for as long is not its silence.
func TestSilentPeer(t *testing.T) {
	defer func(d time.Duration) { silence = d }(silence)
	silence = 200 * time.Millisecond
	change := wire.AppendChange(nil, wire.Base64, mantisdb.Change{Kind: mantisdb.ChangeDelete, Key: []byte("k"), Version: 2}, false)
	event := "id: 2\nevent: delete\ndata: " + string(change) + "\n\n"
	more := make(chan struct{})
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		flush := http.NewResponseController(w)
		_, _ = io.WriteString(w, "id: 1f-0-1\n\n"+event)
		_ = flush.Flush()
		<-more
		_, _ = io.WriteString(w, event)
		_ = flush.Flush()
		<-r.Context().Done()
	}))
	defer peer.Close()
	store := New(nil, "", nil)
	defer store.Close()
	s := &shardWatch{watch: &watch{keyspace: store.keyspace}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	feed, err := s.open(ctx, &cluster.Route{Leader: 1, Peer: strings.TrimPrefix(peer.URL, "http://")})
	if err != nil {
		t.Fatal(err)
	}
	defer feed.close()
	if want := (shardPosition{origin{0x1f, 0}, 2}); feed.from != want {
		t.Errorf("the feed begins at %+v, and not %+v", feed.from, want)
	}
	if _, err := feed.next(ctx); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * silence)
	close(more)
	if _, err := feed.next(ctx); err != nil {
		t.Errorf("a peer that was not listened to was given up: %v", err)
	}
	if _, err := feed.next(ctx); !mayTryAgain(err) || ctx.Err() != nil {
		t.Errorf("got %v of a peer that is silent", err)
	}
}
