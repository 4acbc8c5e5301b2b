package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/sharded"
)

// peerHandler answers other nodes, who have admitted their clients: the API for each shard that
// this node leads, under sharded.PeerPath.
type peerHandler struct {
	*Handler
	route  *routeFigures               // of all requests but streams
	stream *routeFigures               // of those
	shards []atomic.Pointer[peerShard] // nil: nobody has asked for the shard yet
}

// peerShard is the API of a shard while it is one database.
type peerShard struct {
	db  *mantisdb.DB
	mux *http.ServeMux
}

// Peer answers what comes to the peer port under sharded.PeerPrefix. The port itself is to let
// in nobody but nodes of the cluster. It is to be called once, before the first request.
func (h *Handler) Peer() http.Handler {
	return &peerHandler{
		Handler: h,
		route:   h.newRouteFigures(otherMethods, sharded.PeerPrefix+"{shard}"),
		stream:  h.newRouteFigures(http.MethodGet, sharded.PeerPrefix+"{shard}"+watchPath),
		shards:  make([]atomic.Pointer[peerShard], len(h.shards.Member().Topology().Shards)),
	}
}

// ServeHTTP implements http.Handler.
func (p *peerHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := p.record(w)
	rec.route = p.route
	defer p.end(r, rec)
	defer p.contain(r, rec)
	shard, ok := p.shardOf(r)
	if !ok {
		p.writeProblem(rec, r, newProblem(routeNotFound, "there is nothing for other nodes at %s", r.URL.EscapedPath()))
		return
	}
	http.StripPrefix(sharded.PeerPath(shard), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := p.serve(w, r, shard); err != nil {
			p.writeProblem(w, r, asPeer(err))
		}
	})).ServeHTTP(rec, r)
}

// shardOf is the shard that a path names.
func (p *peerHandler) shardOf(r *http.Request) (shard int, ok bool) {
	rest, ok := strings.CutPrefix(r.URL.Path, sharded.PeerPrefix)
	number, _, found := strings.Cut(rest, "/")
	shard, err := strconv.Atoi(number)
	return shard, ok && found && err == nil && shard >= 0 && shard < len(p.shards) && strconv.Itoa(shard) == number
}

// serve answers a request for a shard, whose path is that of the API.
func (p *peerHandler) serve(w http.ResponseWriter, r *http.Request, shard int) error {
	if r.Method == http.MethodPost && r.URL.Path == sharded.CutPath {
		return p.cut(w, r, shard)
	}
	route := p.Handler.shards.Member().Route(shard)
	db := route.DB
	if db == nil {
		return cluster.ErrNotLeader
	}
	if path, isEntry := entryPathOf(r.URL); isEntry && !isBatch(r, path.key) {
		return p.serveEntryOf(w, r, server.NewLocal(db), path)
	}
	p.apiOf(shard, route).ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), ofPeer{}, true)))
	return nil
}

// ofPeer marks the context of a request of another node, which has admitted its client.
type ofPeer struct{}

func isOfPeer(r *http.Request) bool { return r.Context().Value(ofPeer{}) != nil }

// apiOf is all of the API but the entries of a shard that this node leads.
func (p *peerHandler) apiOf(shard int, to *cluster.Route) *http.ServeMux {
	at := &p.shards[shard]
	if api := at.Load(); api != nil && api.db == to.DB {
		return api.mux
	}
	mux, local := http.NewServeMux(), sharded.NewShard(to)
	for _, route := range append(p.routesOfStore(local), p.stepsOf(local)...) {
		mux.HandleFunc(route.method+" "+route.path, func(w http.ResponseWriter, r *http.Request) {
			if rec, ok := w.(*recorder); ok && isStream(route.path) {
				rec.route = p.stream
			}
			if err := route.serve(w, r); err != nil {
				p.writeProblem(w, r, asPeer(err))
			}
		})
	}
	at.Store(&peerShard{to.DB, mux})
	return mux
}

// asPeer is err as another node is told: that the database was closed means that this node
// does not lead the shard any more.
func asPeer(err error) error {
	if errors.Is(err, mantisdb.ErrClosed) {
		return cluster.ErrNotLeader
	}
	return err
}
