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
// A node begins once more than half of the others have met it. So one whose directory was lost
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
	Incarnation string                    `json:"incarnation,omitempty"`
	Met         map[cluster.NodeID]string `json:"met"`
}

// introduction is what a node tells another one of itself.
type introduction struct {
	Node        cluster.NodeID `json:"node"`
	Incarnation string         `json:"incarnation"`
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

// self is this node's incarnation, which is on disk before anybody is told of it.
func (i *introductions) self() (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.kept.Incarnation == "" {
		i.kept.Incarnation = rand.Text()
		if err := i.keep(); err != nil {
			i.kept.Incarnation = ""
			return "", err
		}
	}
	return i.kept.Incarnation, nil
}

// metOtherError says that a node of that number was met, and that it was another one.
type metOtherError cluster.NodeID

func (e metOtherError) Error() string {
	return fmt.Sprintf("node %d is part of the cluster, with a directory that is not the one it has now", cluster.NodeID(e))
}

// meet takes an introduction, which is on disk when it returns.
func (i *introductions) meet(who introduction) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch known := i.kept.Met[who.Node]; known {
	case who.Incarnation:
		return nil
	case "":
	default:
		return metOtherError(who.Node)
	}
	i.kept.Met[who.Node] = who.Incarnation
	if err := i.keep(); err != nil {
		delete(i.kept.Met, who.Node)
		return err
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
	if err := n.checkCluster(r); err != nil {
		return nil, fmt.Errorf("%w: those that make a cluster are given the same nodes and number of shards when they first start, and run the same version", err)
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
	return nil, n.introductions.meet(who)
}

// How often a node introduces itself to those whom it has not met, and tells that it waits.
const (
	introduceEvery = 200 * time.Millisecond
	tellEvery      = 10 * time.Second
)

// introduce returns once more than half of the other nodes that make the cluster have met this
// one, which answers them meanwhile, at its peer address. It fails if one of them turns it down.
func (n *Node) introduce(ctx context.Context) error {
	left := maps.Clone(n.config.First)
	delete(left, n.config.Self.ID)
	others := len(left)
	if others == 0 {
		return nil
	}
	incarnation, err := n.introductions.self()
	if err != nil {
		return err
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
		silent, err := n.introduceTo(ctx, left, introduction{n.config.Self.ID, incarnation})
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
		"and start this one with a number that no node had, and --cluster-join: %[2]w", n.config.Self.ID, why)
}

// introduceTo introduces this node to those that are left, and leaves those that do not answer; silent
// says why one of them does not.
func (n *Node) introduceTo(ctx context.Context, left map[cluster.NodeID]string, who introduction) (silent, err error) {
	for id, peer := range left {
		within, cancel := context.WithTimeout(ctx, askWithin)
		err := n.peers.ask(within, http.MethodPut, peer, introductionPath(id), who, nil)
		cancel()
		switch {
		case errors.Is(err, errMetOther):
			return nil, n.lost(err)
		case errors.Is(err, errRefused):
			return nil, err
		case err != nil:
			silent = err
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
