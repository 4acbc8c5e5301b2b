package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/mantisdb/mantisdb/cluster"
)

// The paths of what nodes ask each other. All are below peerPrefix.
const (
	peerPrefix = "/cluster/v1"
	statusPath = peerPrefix + "/status"
	nodesPath  = peerPrefix + "/nodes"
	groupsPath = peerPrefix + "/groups"

	introductionsPath = peerPrefix + "/introductions"
)

// Register adds what other nodes may ask of this one to the mux of the peer port.
func (n *Node) Register(mux *http.ServeMux) {
	handle := func(pattern string, serve func(r *http.Request) (any, error)) {
		mux.HandleFunc(pattern, n.forNodes(serve))
	}
	n.registerIntroductions(mux)
	mux.HandleFunc("GET "+statusPath, n.forReaders(n.serveStatus))
	mux.HandleFunc("GET "+peerPrefix+"/shards/{shard}/checksum", n.forReaders(n.serveChecksum))
	handle("PUT "+nodesPath+"/{id}", n.serveRegister)
	handle("POST "+nodesPath, n.serveChange)
	handle("POST "+groupsPath+"/{group}/replica", n.serveStart)
	handle("DELETE "+groupsPath+"/{group}/replica", n.serveStop)
	handle("GET "+groupsPath+"/{group}/members", n.serveMembers)
	handle("POST "+groupsPath+"/{group}/move", n.serveMove)
	handle("POST "+groupsPath+"/{group}/lead", n.serveLead)
}

// forNodes serves nodes of this cluster.
func (n *Node) forNodes(serve func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(r *http.Request) (any, error) {
			if err := n.checkCluster(r); err != nil {
				return nil, err
			}
			return serve(r)
		})
	}
}

// forReaders serves nodes of this cluster, and those who name none: they change nothing, and may want to
// know which one this is, to join it.
func (n *Node) forReaders(serve func(r *http.Request) (any, error)) http.HandlerFunc {
	own := n.forNodes(serve)
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(cluster.NumberHeader) == "" {
			answer(w, r, serve)
			return
		}
		own(w, r)
	}
}

func (n *Node) serveStatus(*http.Request) (any, error) { return n.Status(), nil }

// answer answers a request of another node in JSON.
func answer(w http.ResponseWriter, r *http.Request, serve func(r *http.Request) (any, error)) {
	what, err := serve(r)
	switch {
	case err != nil:
		http.Error(w, err.Error(), statusOf(err))
	case what == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(what) // who has gone misses nothing
	}
}

// statusOf is the status of an answer that is an error, which meaning reads.
func statusOf(err error) int {
	switch {
	case errors.Is(err, errNotMeta):
		return http.StatusMisdirectedRequest
	case errors.As(err, new(metOtherError)):
		return http.StatusGone
	case errors.Is(err, cluster.ErrOutcomeUnknown):
		return http.StatusGatewayTimeout
	case errors.Is(err, cluster.ErrUnavailable), errors.Is(err, cluster.ErrNotLeader):
		return http.StatusServiceUnavailable
	case errors.Is(err, cluster.ErrInvalidNode):
		return http.StatusUnprocessableEntity
	}
	return http.StatusConflict
}

// read reads the body of a request.
func read(r *http.Request, what any) error {
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(what); err != nil {
		return fmt.Errorf("the body makes no sense: %w", err)
	}
	return nil
}

func (n *Node) serveRegister(r *http.Request) (any, error) {
	db := n.meta.Load()
	if db == nil {
		return nil, errNotMeta
	}
	var node cluster.Node
	if err := read(r, &node); err != nil {
		return nil, err
	}
	if id := r.PathValue("id"); id != strconv.FormatUint(uint64(node.ID), 10) || node.ID == 0 || node.ID > maxNode {
		return nil, fmt.Errorf("the path is that of node %s, and the body that of node %d", id, node.ID)
	}
	if err := n.mayBe(r, node.ID); err != nil {
		return nil, err
	}
	return nil, n.register(db, node)
}

// groupIn is the group that a request is about, which has a replica here.
func (n *Node) groupIn(r *http.Request) (*group, error) {
	number, err := strconv.ParseUint(r.PathValue("group"), 10, 64)
	if text := r.PathValue("shard"); text != "" {
		number, err = strconv.ParseUint(text, 10, 32)
		number += firstShardGroup
	}
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if g := n.groups[number]; g != nil {
		return g, nil
	}
	return nil, fmt.Errorf("group %d has no replica at this node", number)
}

// Checksum is that of a replica.
type Checksum struct {
	Applied  uint64 `json:"applied"`
	Entries  uint64 `json:"entries"`
	Checksum string `json:"checksum"`
}

func (n *Node) serveChecksum(r *http.Request) (any, error) {
	g, err := n.groupIn(r)
	if err != nil {
		return nil, err
	}
	applied, entries, sum, err := g.replica.Checksum()
	return Checksum{applied, entries, sum}, err
}
