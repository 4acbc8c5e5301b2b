package sharded

import (
	"context"
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
	store := New(nil, nil)
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
