package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/sharded"
)

// serveInShard answers a request that concerns one shard: by serve, if this node leads it,
// else as the leader does. The body was read.
func (h *Handler) serveInShard(w http.ResponseWriter, r *http.Request, shard int, body []byte, serve func(*http.Request, server.Database) error) error {
	return h.shards.At(r.Context(), shard, func(route *cluster.Route) error {
		if route.DB == nil {
			return h.passOn(w, r, shard, route, body)
		}
		again := *r
		again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return serve(&again, server.NewLocal(route.DB))
	})
}

// serveEntryInShards answers a request for the entry of a path in a cluster.
func (h *Handler) serveEntryInShards(w http.ResponseWriter, r *http.Request, path entryPath) error {
	if err := mantisdb.CheckKey(path.key); err != nil {
		return err
	}
	shard := h.shards.ShardOf(path.key)
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		if c := consistencyOf(r.URL.RawQuery); c.stale {
			if done, err := h.serveStaleEntry(w, r, path, shard, c.bound); done {
				return err
			}
		}
	}
	var body []byte
	if r.ContentLength != 0 {
		var err error
		if body, err = readBody(nil, w, r, bodyLimit(r)); err != nil {
			return err
		}
	}
	return h.serveInShard(w, r, shard, body, func(r *http.Request, db server.Database) error {
		return h.serveEntryOf(w, r, db, path)
	})
}

// serveStaleEntry answers a request to read an entry from a replica that this node has, and tells
// whether it did.
func (h *Handler) serveStaleEntry(w http.ResponseWriter, r *http.Request, path entryPath, shard int, bound time.Duration) (done bool, err error) {
	done, err = h.shards.ReadReplica(shard, bound, func(db *mantisdb.DB, age time.Duration) error {
		tellStaleness(w.Header(), age)
		return h.serveEntryOf(w, r, server.NewLocal(db), path)
	})
	if !done {
		w.Header().Del(stalenessHeader)
	}
	return done, err
}

// bodyLimit bounds the body of a request for an entry, before it is known what it is.
func bodyLimit(r *http.Request) int64 {
	if r.Method == http.MethodPost {
		return maxJSONBody // which may be a compare-and-swap
	}
	return maxValueBody
}

// stepsInShards are the stepRoutes in a cluster.
func (h *Handler) stepsInShards() (routes []route) {
	for _, step := range h.stepRoutes() {
		routes = append(routes,
			route{step.method, apiPath + step.path, step.needs, func(w http.ResponseWriter, r *http.Request) error {
				return h.serveStep(w, r, &step, func(r *http.Request, db server.Database) error { return step.serve(w, r, db, db) })
			}},
			route{step.method, keyspacePath + step.path, step.needs, func(w http.ResponseWriter, r *http.Request) error {
				return h.serveStep(w, r, &step, func(r *http.Request, db server.Database) error { return step.serveNamed(w, r, db) })
			}})
	}
	return routes
}

// serveStep answers a request to do several things in one step, all in one shard.
func (h *Handler) serveStep(w http.ResponseWriter, r *http.Request, step *stepRoute, serve func(*http.Request, server.Database) error) error {
	body, err := readBody(nil, w, r, maxJSONBody)
	if err != nil {
		return err
	}
	shard, err := h.shards.CommonShard(func(visit func(*wire.Record) error) error {
		return step.visit(bytes.NewReader(body), visit)
	})
	if err != nil {
		return jsonError(err)
	}
	return h.serveInShard(w, r, shard, body, serve)
}

// notPassedOn are headers that concern the connection of the client, who it is, and the
// browser that it is; and that which nodes have for each other.
var notPassedOn = []string{
	"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect", "Content-Length",
	"Proxy-Authorization", "Proxy-Connection", "Authorization", "Cookie", "Origin", "Sec-Fetch-Site",
	cluster.NumberHeader,
}

// passOn has the leader of a shard answer a request, whose body was read.
func (h *Handler) passOn(w http.ResponseWriter, r *http.Request, shard int, route *cluster.Route, body []byte) error {
	header := r.Header.Clone()
	for _, name := range notPassedOn {
		delete(header, name)
	}
	target := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	resp, err := h.shards.Send(r.Context(), route, shard, &sharded.Request{Method: r.Method, Target: target, Header: header, Body: body})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	return copyAnswer(w, resp.Body)
}

// copyAnswer copies a body. If it breaks off, so does the answer.
func copyAnswer(w http.ResponseWriter, body io.Reader) error {
	buf := getBuffer()
	defer buf.release()
	chunk := buf.b[:cap(buf.b)]
	for {
		n, err := body.Read(chunk)
		if n > 0 && writeProgress(w, chunk[:n]) != nil {
			return nil // the client is gone
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			panic(http.ErrAbortHandler)
		}
	}
}
