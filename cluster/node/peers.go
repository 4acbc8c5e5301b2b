package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// peers asks other nodes, over their peer ports.
type peers struct {
	scheme string
	client *http.Client
	// cluster is that of this node, once it knows; it is written by nobody after that.
	cluster clusterID
}

// longestAnswer is what an answer of another node may take, in bytes, and longestReason what is kept of one
// that is an error: what is there need not be a node of ours.
const (
	longestAnswer = 16 << 20
	longestReason = 4 << 10
)

// plain and encrypted are the schemes.
const (
	plain     = "http://"
	encrypted = "https://"
)

func newPeers(config *tls.Config) *peers {
	p := &peers{scheme: plain}
	if config != nil {
		p.scheme = encrypted
	}
	p.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig: config, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
	}}
	return p
}

// errRefused says that another node turned down what it was asked.
var errRefused error = refusal{}

type refusal struct{}

func (refusal) Error() string { return "refused" }

// Is has it be what an Administrator is told where the same is refused here.
func (refusal) Is(target error) bool { return target == cluster.ErrNotNow }

// errMetOther says that another node has met one with the number of this one, and that it was not this one.
var errMetOther = errors.New("it turned this node away")

// errNoLeader says that no other node is known to lead a group.
var errNoLeader = errors.New("no other node is known to lead the group")

// errNotMeta says that another node is to be asked, as it leads the meta group.
var errNotMeta = errors.New("the node does not keep the list of nodes")

// ask sends a request to a node, with what it is given in JSON, and reads the answer into answer;
// both may be nil.
func (p *peers) ask(ctx context.Context, method, peer, path string, what, answer any) error {
	var body io.Reader = http.NoBody
	if what != nil {
		text, err := json.Marshal(what)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, p.scheme+peer+path, body)
	if err != nil {
		return err
	}
	if number := p.cluster.number(); number != "" {
		request.Header.Set(cluster.NumberHeader, number)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return fmt.Errorf("asking the node at %s: %w", peer, p.explain(err))
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("asking the node at %s: %w", peer, err)
	case response.StatusCode == http.StatusMisdirectedRequest:
		return errNotMeta
	case response.StatusCode/100 != 2:
		err := meaning(response.StatusCode)
		reason := strings.TrimSpace(string(text[:min(len(text), longestReason)]))
		return fmt.Errorf("the node at %s: %w: %s", peer, err, strings.TrimPrefix(reason, err.Error()+": "))
	case answer == nil:
		return nil
	}
	return json.Unmarshal(text, answer)
}

// meaning is what is wrong by the status of an answer. What is there need not be a node of ours.
func meaning(status int) error {
	switch status {
	case http.StatusGone:
		return errMetOther
	case http.StatusConflict:
		return errRefused
	case http.StatusGatewayTimeout:
		return cluster.ErrOutcomeUnknown
	case http.StatusServiceUnavailable:
		return cluster.ErrUnavailable
	case http.StatusUnprocessableEntity:
		return cluster.ErrInvalidNode
	}
	return fmt.Errorf("it answered with status %d", status)
}

// explain says what ails who has no certificate, which a node that wants one does not tell it.
func (p *peers) explain(err error) error {
	if p.scheme == plain && errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it may want a certificate of this node, as --cluster-cert gives it", err)
	}
	return err
}

// statusOfAny is what a node tells of itself, of whatever cluster it is.
func (p *peers) statusOfAny(ctx context.Context, peer string) (*Status, error) {
	s := new(Status)
	return s, p.ask(ctx, http.MethodGet, peer, statusPath, nil, s)
}

// status is what a node of this cluster tells of itself.
func (p *peers) status(ctx context.Context, peer string) (*Status, error) {
	s, err := p.statusOfAny(ctx, peer)
	if err != nil {
		return nil, err
	}
	return s, p.cluster.check(s.Cluster)
}

// statusOf is what a node of this cluster tells of itself, which has a number.
func (p *peers) statusOf(ctx context.Context, id cluster.NodeID, peer string) (*Status, error) {
	s, err := p.status(ctx, peer)
	if err == nil && s.Node.ID != id {
		return nil, fmt.Errorf("%w: it says to be node %d", errRefused, s.Node.ID)
	}
	return s, err
}

// joinWithin is how long a node that joins waits for an answer, as it may be started together with those that
// it asks.
const joinWithin = 30 * time.Second

// askCluster asks the cluster that is to be joined which one it is, and how many shards it has. It fails
// if that knows the node as one that ran.
func (n *Node) askCluster(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, joinWithin)
	defer cancel()
	for told := false; ; told = true {
		s, err := n.askAny(within, n.config.Join)
		if err == nil {
			n.list.adopt(s.Nodes, s.Version)
			n.peers.cluster, n.config.Shards = s.Cluster, s.ShardCount
			return n.isNew(s.Nodes)
		}
		if !told {
			n.logger.Info("waits for a node of the cluster to join", "error", err.Error())
		}
		select {
		case <-time.After(introduceEvery):
		case <-within.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("no node of the cluster to join answers: %w", err)
		}
	}
}

// askAny is what the first of some nodes tells that answers.
func (n *Node) askAny(ctx context.Context, peers []string) (*Status, error) {
	var all error
	for _, peer := range peers {
		within, cancel := context.WithTimeout(ctx, askWithin)
		s, err := n.peers.statusOfAny(within, peer)
		cancel()
		if err == nil {
			return s, nil
		}
		all = errors.Join(all, err)
	}
	return nil, all
}

// isNew returns nil if a list of nodes does not tell that this one has registered itself: until then
// it has no version.
func (n *Node) isNew(nodes []cluster.Node) error {
	for _, node := range nodes {
		if node.ID == n.config.Self.ID && node.Version != "" {
			return n.lost(fmt.Errorf("node %d has run as version %s", node.ID, node.Version))
		}
	}
	return nil
}

// others are the peer addresses of the other nodes that are known.
func (n *Node) others() map[cluster.NodeID]string {
	nodes, _ := n.list.get()
	all := make(map[cluster.NodeID]string)
	for _, node := range nodes {
		if node.ID != n.config.Self.ID && node.State != cluster.NodeDead {
			all[node.ID] = node.Peer
		}
	}
	return all
}
