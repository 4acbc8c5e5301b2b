package sharded

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/cluster"
)

// TestRequestsNameTheCluster: each request to another node has the number of the cluster, if it has one, and
// who turns it down for that is none that leads the shard.
func TestRequestsNameTheCluster(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"", "0123456789abcdef"} {
		var named []string
		peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			named = append(named, r.Header.Get(cluster.NumberHeader))
			if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusMisdirectedRequest)
		}))
		store := New(nil, number, nil)
		route := &cluster.Route{Peer: strings.TrimPrefix(peer.URL, "http://")}
		header := http.Header{"Accept": {"text/plain"}}
		for _, header := range []http.Header{nil, header} {
			if _, err := store.Send(t.Context(), route, 0, &Request{Method: http.MethodPut, Target: "/", Header: header}); !errors.Is(err, cluster.ErrNotLeader) {
				t.Error(err)
			}
		}
		if _, err := store.cutRemote(t.Context(), 0, route); err != cluster.ErrNotLeader {
			t.Error(err)
		}
		store.Close()
		peer.Close()
		if len(named) != 3 || named[0] != number || named[1] != number || named[2] != number || len(header) != 1 {
			t.Errorf("%q are named, and %q should be; %v", named, number, header)
		}
	}
}
