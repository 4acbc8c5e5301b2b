package httpapi

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/mantisdb/mantisdb/cluster"
)

// Paths of the cluster.
const (
	clusterPath = apiPath + "/cluster"
	nodesPath   = clusterPath + "/nodes"
	nodePath    = nodesPath + "/{" + nodeWildcard + "}"
	shardPath   = clusterPath + "/shards/{" + shardWildcard + "}"

	nodeWildcard  = "node"
	shardWildcard = "shard"
)

// WithAdministrator has the handler tell how the cluster is laid out, and change that. It is to
// be called before the first request.
func (h *Handler) WithAdministrator(a cluster.Administrator) *Handler {
	h.administrator = a
	h.routeAll()
	return h
}

// clusterRoutes are the resources of WithAdministrator.
func (h *Handler) clusterRoutes() []route {
	return []route{
		{http.MethodGet, clusterPath, readFigures, h.getCluster},
		{http.MethodPost, nodesPath, administrate, h.addNode},
		{http.MethodDelete, nodePath, administrate, h.removeNode},
		{http.MethodPost, nodePath + "/drain", administrate, h.drainNode},
		{http.MethodPost, shardPath + "/move", administrate, h.moveShard},
		{http.MethodPost, shardPath + "/lead", administrate, h.leadShard},
	}
}

// clusterAnswer is a topology with the slots of its shards.
type clusterAnswer struct {
	Self     cluster.NodeID   `json:"self"`
	Cluster  string           `json:"cluster,omitempty"`
	Protocol cluster.Protocol `json:"protocol,omitempty"`
	Nodes    []cluster.Node   `json:"nodes"`
	Shards   []shardAnswer    `json:"shards"`
	Meta     cluster.Shard    `json:"meta"`
}

type shardAnswer struct {
	Number    int    `json:"shard"`
	FirstSlot uint16 `json:"first_slot"`
	LastSlot  uint16 `json:"last_slot"`
	cluster.Shard
}

// getCluster answers with how the cluster is laid out.
func (h *Handler) getCluster(w http.ResponseWriter, _ *http.Request) error {
	t := h.administrator.Topology()
	answer := clusterAnswer{
		Self: t.Self, Cluster: t.Cluster, Protocol: t.Protocol,
		Nodes: orEmpty(t.Nodes), Shards: make([]shardAnswer, len(t.Shards)), Meta: t.Meta,
	}
	answer.Meta.Replicas = orEmpty(answer.Meta.Replicas)
	for i, shard := range t.Shards {
		first, last := t.Slots(i)
		shard.Replicas = orEmpty(shard.Replicas)
		answer.Shards[i] = shardAnswer{i, first, last, shard}
	}
	return writeJSON(w, answer)
}

// orEmpty is a list that is an array in JSON also if nothing is known of it.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// newNode is a node that is to be added.
type newNode struct {
	ID     cluster.NodeID `json:"id"` // 0: the next one that is free
	Client string         `json:"client"`
	Peer   string         `json:"peer"`
	Raft   string         `json:"raft"`
	Zone   string         `json:"zone"`
}

// addedNode is the answer to a node that was added.
type addedNode struct {
	ID cluster.NodeID `json:"id"`
}

// addNode adds a node: 201.
func (h *Handler) addNode(w http.ResponseWriter, r *http.Request) error {
	var n newNode
	if err := readJSON(w, r, "a node", &n); err != nil {
		return err
	}
	if n.Peer == "" || n.Raft == "" || n.Client == "" {
		return newProblem(malformedRequest, "a node has the addresses client, peer and raft, each a host and a port")
	}
	id, err := h.administrator.AddNode(r.Context(), cluster.Node{ID: n.ID, Client: n.Client, Peer: n.Peer, Raft: n.Raft, Zone: n.Zone})
	if err != nil {
		return err
	}
	h.logAdmin(r, "a node was added to the cluster", "node", id)
	w.Header().Set("Location", nodesPath+"/"+strconv.FormatUint(uint64(id), 10))
	return writeJSONAs(w, http.StatusCreated, addedNode{id})
}

// removeNode removes a node: 204.
func (h *Handler) removeNode(w http.ResponseWriter, r *http.Request) error {
	query := parseParams(r.URL.RawQuery, "dead")
	dead := query.flag("dead")
	if err := query.err(); err != nil {
		return err
	}
	id, err := nodeOf(r)
	if err != nil {
		return err
	}
	if err := h.administrator.RemoveNode(r.Context(), id, dead); err != nil {
		return err
	}
	h.logAdmin(r, "a node was removed from the cluster", "node", id, "dead", dead)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// drainNode has a node give its replicas away: 202, since that takes its time.
func (h *Handler) drainNode(w http.ResponseWriter, r *http.Request) error {
	id, err := nodeOf(r)
	if err != nil {
		return err
	}
	if err := h.administrator.Drain(r.Context(), id); err != nil {
		return err
	}
	h.logAdmin(r, "a node is being drained", "node", id)
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// shardMove says where a replica is to go.
type shardMove struct {
	From cluster.NodeID `json:"from"`
	To   cluster.NodeID `json:"to"`
}

// moveShard moves a replica of a shard: 202, since that takes its time.
func (h *Handler) moveShard(w http.ResponseWriter, r *http.Request) error {
	shard, err := h.shardOf(r)
	if err != nil {
		return err
	}
	var move shardMove
	if err := readJSON(w, r, "a move", &move); err != nil {
		return err
	}
	if move.From == 0 || move.To == 0 {
		return newProblem(malformedRequest, "a move has the numbers of two nodes, from and to")
	}
	if err := h.administrator.Move(r.Context(), shard, move.From, move.To); err != nil {
		return err
	}
	h.logAdmin(r, "a replica is being moved", "shard", shard, "from", move.From, "to", move.To)
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// shardLead says who is to lead.
type shardLead struct {
	To cluster.NodeID `json:"to"`
}

// leadShard has a node lead a shard: 204.
func (h *Handler) leadShard(w http.ResponseWriter, r *http.Request) error {
	shard, err := h.shardOf(r)
	if err != nil {
		return err
	}
	var lead shardLead
	if err := readJSON(w, r, "a leader", &lead); err != nil {
		return err
	}
	if lead.To == 0 {
		return newProblem(malformedRequest, "\"to\" is missing: name the node that is to lead")
	}
	if err := h.administrator.Lead(r.Context(), shard, lead.To); err != nil {
		return err
	}
	h.logAdmin(r, "a shard was given another leader", "shard", shard, "to", lead.To)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// nodeOf is the node that a path names.
func nodeOf(r *http.Request) (cluster.NodeID, error) {
	id, err := strconv.ParseUint(r.PathValue(nodeWildcard), 10, 64)
	if err != nil || id == 0 {
		return 0, newProblem(malformedRequest, "%q is no number of a node", r.PathValue(nodeWildcard))
	}
	return cluster.NodeID(id), nil
}

// shardOf is the shard that a path names.
func (h *Handler) shardOf(r *http.Request) (int, error) {
	shard, err := strconv.Atoi(r.PathValue(shardWildcard))
	switch {
	case errors.Is(err, strconv.ErrSyntax), err == nil && shard < 0:
		return 0, newProblem(malformedRequest, "%q is no number of a shard", r.PathValue(shardWildcard))
	case err != nil, shard >= len(h.administrator.Topology().Shards):
		return 0, cluster.ErrNoShard
	}
	return shard, nil
}
