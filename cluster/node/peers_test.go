package node

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/cluster"
)

// TestErrorsBetweenNodes has a node that is asked by another one fail: who asks is told the same as one that
// asks the node itself.
func TestErrorsBetweenNodes(t *testing.T) {
	t.Parallel()
	kinds := []error{
		cluster.ErrOutcomeUnknown, cluster.ErrUnavailable, cluster.ErrInvalidNode, cluster.ErrNotNow, errNotMeta,
	}
	for _, test := range []struct{ fails, is error }{
		{errors.Join(cluster.ErrOutcomeUnknown, errors.New("the replica was stopped")), cluster.ErrOutcomeUnknown},
		{fmt.Errorf("%w: nobody keeps the list of nodes", cluster.ErrUnavailable), cluster.ErrUnavailable},
		{cluster.ErrNotLeader, cluster.ErrUnavailable},
		{fmt.Errorf("%w: its number is that of another one", cluster.ErrInvalidNode), cluster.ErrInvalidNode},
		{fmt.Errorf("%w: node 3 has replicas", cluster.ErrNotNow), cluster.ErrNotNow},
		{errNotMeta, errNotMeta},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer(w, r, func(*http.Request) (any, error) { return nil, test.fails })
		}))
		err := newPeers(nil).ask(t.Context(), http.MethodPost, strings.TrimPrefix(server.URL, plain), nodesPath, nil, nil)
		server.Close()
		for _, kind := range kinds {
			if errors.Is(err, kind) != (kind == test.is) {
				t.Errorf("%v came as %v, of the kind %v: %t", test.fails, err, kind, errors.Is(err, kind))
			}
		}
	}
}
