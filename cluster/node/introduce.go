package node

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb/cluster"
)

// A node that makes a cluster with others introduces itself to them before it takes part in
// anything, with its incarnation: a text drawn for its directory, which another directory never
// has. Each keeps for ever which incarnation of a node it has met first, and turns down any other.
// A node begins once more than half of the others have met it and know the founder's, which is part
// of the cluster's number. So one whose directory was lost
// does not begin again under its number: of those whom it asks now, one at least knows the
// incarnation that was lost, and what that has agreed to nobody else knows.

// introductions are who a node that makes a cluster is, and whom it has met.
type introductions struct {
	mu   sync.Mutex // of what follows
	path string
	kept acquaintances
}

// acquaintances are the file of introductions.
type acquaintances struct {
	Format int `json:"format"`
	// Incarnation is this node's own; empty for one that has introduced itself to nobody.
	Incarnation string `json:"incarnation,omitempty"`
	// Given is what the node was given to make a cluster with others, and Founder whose incarnation all
	// of them know; empty for one that has joined.
	Given   string                    `json:"given,omitempty"`
	Founder cluster.NodeID            `json:"founder,omitempty"`
	Met     map[cluster.NodeID]string `json:"met"`
}

// introduction is what a node tells another one of itself.
type introduction struct {
	Node        cluster.NodeID `json:"node"`
	Incarnation string         `json:"incarnation"`
	Given       string         `json:"given"`
}

// welcome is what a node answers that has met another one.
type welcome struct {
	// Founder is the founder's incarnation, empty if the node does not know it yet.
	Founder string `json:"founder,omitempty"`
}

func openIntroductions(path string) (*introductions, error) {
	i := &introductions{path: path}
	if _, err := readFile(path, &i.kept); err != nil {
		return nil, err
	}
	if i.kept.Met == nil {
		i.kept.Met = make(map[cluster.NodeID]string)
	}
	return i, nil
}

// begin is how a node introduces itself that makes a cluster, which is on disk before anybody is told.
func (i *introductions) begin(self cluster.NodeID, first map[cluster.NodeID]string, shards int) (introduction, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.kept.Incarnation == "" {
		i.kept.Incarnation = rand.Text()
	}
	i.kept.Given, i.kept.Founder = givenOf(first, shards), founderOf(first)
	if i.kept.Founder == self {
		i.kept.Met[self] = i.kept.Incarnation
	}
	return introduction{self, i.kept.Incarnation, i.kept.Given}, i.keep()
}

// founder is the founder's incarnation, empty while it is not known.
func (i *introductions) founder() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.kept.Met[i.kept.Founder]
}

// metOtherError says that a node of that number was met, and that it was another one.
type metOtherError cluster.NodeID

func (e metOtherError) Error() string {
	return fmt.Sprintf("node %d is part of the cluster, with a directory that is not the one it has now", cluster.NodeID(e))
}

// errGivenOther says that two nodes which make a cluster do not make the same one.
var errGivenOther = fmt.Errorf("%w: those that make one are given the same nodes and number of shards when they first start, and run the same version", errOtherCluster)

// errNotGiven says that this node has not made its cluster in this way.
var errNotGiven = fmt.Errorf("%w: that of this node was made without the other one, or before clusters had numbers; "+
	"a node that it lists and that has not begun is to be removed as dead, and to join with another number", errOtherCluster)

// meet takes an introduction, which is on disk when it returns.
func (i *introductions) meet(who introduction) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.kept.Given == "":
		return errNotGiven
	case who.Given != i.kept.Given:
		return errGivenOther
	}
	return i.know(who.Node, who.Incarnation)
}

// hear takes what another node tells of the founder.
func (i *introductions) hear(w welcome) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if w.Founder == "" {
		return nil
	}
	return i.know(i.kept.Founder, w.Founder)
}

// know notes the incarnation of a node. mu is held.
func (i *introductions) know(id cluster.NodeID, incarnation string) error {
	switch known := i.kept.Met[id]; known {
	case incarnation:
		return nil
	case "":
	default:
		return metOtherError(id)
	}
	i.kept.Met[id] = incarnation
	if err := i.keep(); err != nil {
		delete(i.kept.Met, id)
		return errors.Join(cluster.ErrUnavailable, err) // whose disk may have room again
	}
	return nil
}

// keep writes the file. mu is held.
func (i *introductions) keep() error {
	i.kept.Format = filesFormat
	return writeFile(i.path, i.kept)
}

func introductionPath(to cluster.NodeID) string {
	return introductionsPath + "/" + strconv.FormatUint(uint64(to), 10)
}

// serveIntroduction has this node meet another one.
func (n *Node) serveIntroduction(r *http.Request) (any, error) {
	if to := r.PathValue("id"); to != strconv.FormatUint(uint64(n.config.Self.ID), 10) {
		return nil, fmt.Errorf("this is node %d, and not node %s", n.config.Self.ID, to)
	}
	var who introduction
	if err := read(r, &who); err != nil {
		return nil, err
	}
	if who.Node == 0 || who.Incarnation == "" {
		return nil, errors.New("the introduction names no node")
	}
	if err := n.mayBe(r, who.Node); err != nil {
		return nil, err
	}
	if err := n.introductions.meet(who); err != nil {
		return nil, err
	}
	return welcome{n.introductions.founder()}, nil
}

// How often a node introduces itself to those whom it has not met, and tells that it waits.
const (
	introduceEvery = 200 * time.Millisecond
	tellEvery      = 10 * time.Second
)

// found makes the cluster together with the other nodes, and returns its number.
func (n *Node) found(ctx context.Context) (clusterID, error) {
	self, err := n.introductions.begin(n.config.Self.ID, n.config.First, n.config.Shards)
	if err != nil {
		return 0, err
	}
	if err := n.introduce(ctx, self); err != nil {
		return 0, err
	}
	return newClusterID(self.Given, n.introductions.founder()), nil
}

// errNoFounder says that the node with the lowest number has not introduced itself to those that wait.
var errNoFounder = errors.New("the one with the lowest number has not been there yet")

// introduce returns once more than half of the other nodes that make the cluster have met this one,
// which answers them meanwhile, at its peer address, and know the same founder as it does. It fails if
// one of them turns it down.
func (n *Node) introduce(ctx context.Context, self introduction) error {
	left := maps.Clone(n.config.First)
	delete(left, self.Node)
	others := len(left)
	if others == 0 {
		return nil
	}
	stop, err := n.answerIntroductions(ctx)
	if err != nil {
		return err
	}
	defer stop()
	every := time.NewTicker(introduceEvery)
	defer every.Stop()
	told := time.Now()
	for {
		silent, err := n.introduceTo(ctx, left, self)
		if err != nil {
			return err
		}
		if met := others - len(left); met > others/2 {
			return nil
		}
		if time.Since(told) > tellEvery {
			told = time.Now()
			n.logger.Info("waits for the other nodes that make the cluster", "missing", fmt.Sprint(slices.Sorted(maps.Keys(left))), "error", silent)
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lost is the error of a node that has an empty directory, and whose number is that of one that had
// another.
func (n *Node) lost(why error) error {
	return fmt.Errorf("the cluster exists, and node %[1]d cannot come back to it with an empty directory: "+
		"if its directory is lost, run `mantisdb cluster remove %[1]d --dead` at a node that is there, "+
		"and start this one with a number that no node had, and --cluster-join; "+
		"if no node serves yet, nor has a %[2]s in its directory, remove the directories of all, and begin anew: %[3]w",
		n.config.Self.ID, identityFile, why)
}

// introduceTo introduces this node to those that are left, and leaves those that do not answer, or that do
// not know the founder yet; silent says why one of them is left. So who has begun knows that most of the
// others keep the founder's incarnation for good, and no two nodes begin with two.
func (n *Node) introduceTo(ctx context.Context, left map[cluster.NodeID]string, who introduction) (silent, err error) {
	for id, peer := range left {
		within, cancel := context.WithTimeout(ctx, askWithin)
		var w welcome
		err := n.peers.ask(within, http.MethodPut, peer, introductionPath(id), who, &w)
		cancel()
		if err == nil {
			if err = n.introductions.hear(w); err != nil {
				err = fmt.Errorf("the node at %s has met another founder of the cluster: %w", peer, err)
			}
		}
		switch {
		case errors.Is(err, errMetOther):
			return nil, n.lost(err)
		case errors.Is(err, errRefused):
			return nil, err
		case err != nil:
			silent = err
		case w.Founder == "":
			silent = errNoFounder
		default:
			delete(left, id)
		}
	}
	return silent, nil
}

// answerIntroductions serves, at the peer address, nothing but the introductions of others, until
// stop is called.
func (n *Node) answerIntroductions(ctx context.Context) (stop func(), err error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", n.config.Self.Peer)
	if err != nil {
		return nil, err
	}
	if n.config.TLS != nil {
		listener = tls.NewListener(listener, n.config.TLS)
	}
	mux := http.NewServeMux()
	n.registerIntroductions(mux)
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: askWithin, ErrorLog: slog.NewLogLogger(n.logger.Handler(), slog.LevelWarn),
	}
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(listener) }) // ends by Shutdown
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), askWithin)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			server.Close()
		}
		serving.Wait()
	}, nil
}

// registerIntroductions adds what others introduce themselves by to a mux of the peer port.
func (n *Node) registerIntroductions(mux *http.ServeMux) {
	mux.HandleFunc("PUT "+introductionsPath+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, n.serveIntroduction)
	})
}
