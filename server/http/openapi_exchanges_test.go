package httpapi

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
)

// testKeyspace is the keyspace of the exchanges that are in one, and its path.
const (
	testKeyspace     = "k/s"
	testKeyspacePath = keyspacesPath + "/k%2Fs"
)

// inKeyspace is a path or a target in a keyspace, whose path is base.
func inKeyspace(path, base string) string { return base + strings.TrimPrefix(path, apiPath) }

// exchangesInKeyspace are those for what each keyspace has, in a keyspace. A tag of the
// default one has another tag in its place.
func exchangesInKeyspace(h *Handler, all []exchange, tag, tagThere string) (there []exchange) {
	paths := []string{kvPath}
	for _, route := range h.keyspaceRoutes() {
		paths = append(paths, apiPath+route.path)
	}
	for _, step := range h.stepRoutes() {
		paths = append(paths, apiPath+step.path)
	}
	for _, x := range all {
		if slices.Contains(paths, x.path) {
			x.path, x.target = inKeyspace(x.path, keyspacePath), inKeyspace(x.target, testKeyspacePath)
			x.header = slices.Clone(x.header)
			if i := slices.Index(x.header, tag); i >= 0 {
				x.header[i] = tagThere
			}
			there = append(there, x)
		}
	}
	return there
}

// fill puts what the exchanges look for into a keyspace.
func fill(t *testing.T, ks *mantisdb.Keyspace) {
	t.Helper()
	for key, value := range map[string]string{"k": "v", "\xff": "\xff"} {
		if err := ks.Put([]byte(key), []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := ks.PutTTL([]byte("t"), []byte("v"), time.Hour); err != nil {
		t.Fatal(err)
	}
}

// createKeyspace makes a keyspace of a server's database.
func createKeyspace(t *testing.T, s *testServer, name string) *mantisdb.Keyspace {
	t.Helper()
	ks, err := s.db.CreateKeyspace(name, mantisdb.KeyspaceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return ks
}

// exchanges show every documented answer; s is the server that works.
func exchanges(t *testing.T, s *testServer) []exchange {
	fill(t, s.db.DefaultKeyspace())
	fill(t, createKeyspace(t, s, testKeyspace))
	s.Client().Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
	slow := newServer(t, func(c *http.Server) { c.ReadTimeout = 50 * time.Millisecond })
	createKeyspace(t, slow, testKeyspace)
	closed := newServerOver(t, failingStore{err: mantisdb.ErrClosed})
	broken := newServerOver(t, failingStore{err: mantisdb.ErrCorrupt})
	measured := serveHandler(t, NewHandler(failingStore{}, slog.New(slog.DiscardHandler), testAbout).WithMetrics(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			io.WriteString(w, "mantisdb_up 1\n")
		})))
	cut := failingStore{err: mantisdb.ErrCorrupt}
	for range 100 {
		cut.entries = append(cut.entries, mantisdb.Entry{Key: []byte("k"), Value: bytes.Repeat([]byte("v"), 1000), Meta: mantisdb.Meta{Version: 1}})
	}

	ending := newServerOver(t, scriptedStore{failingStore{err: mantisdb.ErrWatchTooSlow}, 3})
	onDisk := newDurableServer(t)
	past, endless := newWatchedServer(t), newWatchedServer(t)
	doomed := newDoomedServer(t)
	endless.Config.Handler.(*Handler).EndStreams()

	tag := s.do("GET", "/api/v1/kv/%FF", "").header.Get("ETag")
	tagThere := s.do("GET", testKeyspacePath+"/kv/%FF", "").header.Get("ETag")
	const rangePath, applied = "/api/v1/range", "/api/v1/applied-index"
	create, named := `{"name":"new","ttl":"1h","memory_only":true}`, keyspacesPath+"/new"
	const elsewhere = `{"operations":[{"op":"delete","keyspace":"none","key_text":"k"}]}`
	const transaction = "/api/v1/transaction"
	const syncPath, backup, checkpoint = "/api/v1/sync", "/api/v1/backup", "/api/v1/checkpoint"
	const k, batch, scan, watch = "/api/v1/kv/k", "/api/v1/kv/batch", "/api/v1/scan", "/api/v1/watch"
	json := []string{"Content-Type", "application/json"}
	octets := []string{"Content-Type", "application/octet-stream"}
	with := func(base []string, more ...string) []string { return append(slices.Clone(base), more...) }
	put := `{"operations":[{"op":"put","key":"YQ==","value_text":"b","ttl":"1h"},{"op":"put","key":"YQ==","value":"","expires_at":4102444800000},{"op":"delete","key_text":"a"}]}`
	ranges := `{"operations":[{"op":"delete_range","prefix_text":"a","end":"Yg=="},{"op":"delete_range","start_text":"zz","end_text":"zzz","keyspace":"k/s"},{"op":"delete_range","all":false,"prefix":"eno="}]}`
	transact := `{"conditions":[{"key":"YQ==","version":0},{"key_text":"k","value":"dg=="}],"operations":[{"op":"put","key_text":"new","value_text":"v"}]}`
	swap := `{"expected":"dg==","value_text":"v"}`
	all := []exchange{
		{method: "GET", path: kvPath, target: k, server: s, status: 200},
		{method: "GET", path: kvPath, target: "/api/v1/kv/t", server: s, status: 200},
		{method: "GET", path: kvPath, target: k, header: []string{"Accept", "application/json"}, server: s, status: 200},
		{method: "GET", path: kvPath, target: "/api/v1/kv/t?encoding=text", header: []string{"Accept", "application/json"}, server: s, status: 200},
		{method: "GET", path: kvPath, target: "/api/v1/kv/%FF?encoding=text", header: []string{"Accept", "application/json"}, server: s, status: 200},
		{method: "GET", path: kvPath, target: k + "?consistency=stale&max_staleness=500ms", server: s, status: 200},
		{method: "GET", path: kvPath, target: k + "?max_staleness=500ms", server: s, status: 400},
		{method: "GET", path: kvPath, target: k + "?encoding=x", server: s, status: 400, wrong: true},
		{method: "GET", path: kvPath, target: "/api/v1/kv/none", server: s, status: 404},
		{method: "HEAD", path: kvPath, target: k, server: s, status: 200},
		{method: "HEAD", path: kvPath, target: k + "?encoding=x", server: s, status: 400, wrong: true},
		{method: "HEAD", path: kvPath, target: "/api/v1/kv/none", server: s, status: 404},
		{method: "PUT", path: kvPath, target: "/api/v1/kv/new?ttl=30s", body: "v", header: octets, server: s, status: 204},
		{method: "PUT", path: kvPath, target: "/api/v1/kv/absent", body: "v", header: with(octets, "If-None-Match", "*"), server: s, status: 201},
		{method: "PUT", path: kvPath, target: k, body: "v", header: with(octets, "If-None-Match", "*"), server: s, status: 412},
		{method: "PUT", path: kvPath, target: k, body: "v", header: with(octets, "If-None-Match", `"1"`), server: s, status: 400, wrong: true},
		{method: "PUT", path: kvPath, target: "/api/v1/kv/t", body: "v", header: with(octets, "If-Match", `"999"`), server: s, status: 412},
		{method: "PUT", path: kvPath, target: "/api/v1/kv/%FF", body: "v", header: with(octets, "If-Match", tag), server: s, status: 204},
		{method: "PUT", path: kvPath, target: k, body: "v", header: with(octets, "If-Match", "*"), server: s, status: 400, wrong: true},
		{method: "PUT", path: kvPath, target: k + "?ttl=soon", body: "v", header: octets, server: s, status: 400, wrong: true},
		{method: "PUT", path: kvPath, target: k, body: "v", header: with(octets, "Sec-Fetch-Site", "cross-site"), server: s, status: 403},
		{method: "PUT", path: kvPath, target: k, stall: true, server: slow, status: 408},
		{method: "PUT", path: kvPath, target: k, announce: mantisdb.MaxValueLen + 1, header: octets, server: s, status: 413},
		{method: "PUT", path: kvPath, target: k, body: "v", header: with(octets, "Content-Encoding", "gzip"), server: s, status: 415},
		{method: "DELETE", path: kvPath, target: "/api/v1/kv/new", server: s, status: 204},
		{method: "DELETE", path: kvPath, target: k, header: []string{"If-Match", "*"}, server: s, status: 400},
		{method: "DELETE", path: kvPath, target: k, header: []string{"Sec-Fetch-Site", "cross-site"}, server: s, status: 403},
		{method: "POST", path: batch, target: batch, body: put, header: json, server: s, status: 200},
		{method: "POST", path: batch, target: batch, body: `{"operations":[]}`, header: json, server: s, status: 200},
		{method: "POST", path: batch, target: batch, body: `{"operations":[{"op":"put","key":"YQ=="}]}`, header: json, server: s, status: 400, wrong: true},
		{method: "POST", path: batch, target: batch, body: `{"operations":[{"op":"put","key":"YQ==","value":"","ttl":"1s","expires_at":1}]}`, header: json, server: s, status: 400, wrong: true},
		{method: "POST", path: batch, target: batch, body: put, header: with(json, "Sec-Fetch-Site", "cross-site"), server: s, status: 403},
		{method: "POST", path: batch, target: batch, stall: true, header: json, server: slow, status: 408},
		{method: "POST", path: batch, target: batch, announce: maxJSONBody + 1, header: json, server: s, status: 413},
		{method: "POST", path: batch, target: batch, body: put, header: []string{"Content-Type", "text/plain"}, server: s, status: 415, wrong: true},
		{method: "POST", path: kvPath, target: "/api/v1/kv/n?op=increment&by=-5&durability=memory", server: s, status: 200},
		{method: "POST", path: kvPath, target: "/api/v1/kv/n?op=append", body: "0", header: octets, server: s, status: 200},
		{method: "POST", path: kvPath, target: "/api/v1/kv/n?op=expire&ttl=1h", server: s, status: 204},
		{method: "POST", path: kvPath, target: "/api/v1/kv/n?op=take", server: s, status: 200},
		{method: "POST", path: kvPath, target: "/api/v1/kv/x?op=exchange&ttl=1h", body: "v", header: octets, server: s, status: 204},
		{method: "POST", path: kvPath, target: "/api/v1/kv/x?op=exchange&encoding=text", body: "v", header: with(octets, "Accept", "application/json"), server: s, status: 200},
		{method: "POST", path: kvPath, target: "/api/v1/kv/x?op=compare-and-swap&ttl=1h", body: swap, header: json, server: s, status: 204},
		{method: "POST", path: kvPath, target: "/api/v1/kv/x?op=persist", server: s, status: 204},
		{method: "POST", path: kvPath, target: "/api/v1/kv/x?op=increment", server: s, status: 409},
		{method: "POST", path: kvPath, target: "/api/v1/kv/none?op=compare-and-swap", body: swap, header: json, server: s, status: 409},
		{method: "POST", path: kvPath, target: "/api/v1/kv/none?op=take", server: s, status: 404},
		{method: "POST", path: kvPath, target: k, server: s, status: 400, wrong: true},
		{method: "POST", path: kvPath, target: k + "?op=decrement", server: s, status: 400, wrong: true},
		{method: "POST", path: kvPath, target: k + "?op=increment&by=x", server: s, status: 400, wrong: true},
		{method: "POST", path: kvPath, target: k + "?op=increment", header: []string{"Sec-Fetch-Site", "cross-site"}, server: s, status: 403},
		{method: "POST", path: kvPath, target: k + "?op=append", stall: true, header: octets, server: slow, status: 408},
		{method: "POST", path: kvPath, target: k + "?op=exchange", announce: mantisdb.MaxValueLen + 1, header: octets, server: s, status: 413},
		{method: "POST", path: kvPath, target: k + "?op=compare-and-swap", body: swap, header: octets, server: s, status: 415},
		{method: "POST", path: transaction, target: transaction + "?durability=memory", body: transact, header: json, server: s, status: 200},
		{method: "POST", path: transaction, target: transaction, body: strings.Replace(transact, ":0", ":7", 1), header: json, server: s, status: 409},
		{method: "POST", path: transaction, target: transaction, body: `{"operations":[]}`, header: json, server: s, status: 400, wrong: true},
		{method: "POST", path: transaction, target: transaction, body: transact, header: with(json, "Sec-Fetch-Site", "cross-site"), server: s, status: 403},
		{method: "POST", path: transaction, target: transaction, stall: true, header: json, server: slow, status: 408},
		{method: "POST", path: transaction, target: transaction, announce: maxJSONBody + 1, header: json, server: s, status: 413},
		{method: "POST", path: transaction, target: transaction, body: transact, header: []string{"Content-Type", "text/plain"}, server: s, status: 415, wrong: true},
		{method: "GET", path: scan, target: scan, server: s, status: 200},
		{method: "GET", path: scan, target: scan + "?prefix=k&start=a&end=z&limit=1&reverse=true&encoding=text", server: s, status: 200},
		{method: "GET", path: scan, target: scan + "?limit=1&keys_only=true", server: s, status: 200},
		{method: "GET", path: scan, target: scan, server: newServerOver(t, cut), status: 200},
		{method: "GET", path: scan, target: scan + "?limit=0", server: s, status: 400, wrong: true},
		{method: "GET", path: scan, target: scan + "?cursor=x", server: s, status: 400},
		{method: "GET", path: watch, target: watch + "?from=3&prefix=k&keys_only=true", header: []string{"Last-Event-ID", "7"}, server: ending, status: 200},
		{method: "GET", path: watch, target: watch + "?from=0", server: s, status: 400, wrong: true},
		{method: "GET", path: watch, target: watch + "?from=1", server: s, status: 410},
		{method: "DELETE", path: rangePath, target: rangePath + "?prefix=k&start=a&end=z&durability=memory", server: s, status: 204},
		{method: "DELETE", path: rangePath, target: rangePath + "?all=true", server: s, status: 204},
		{method: "DELETE", path: rangePath, target: rangePath, server: s, status: 400},
		{method: "DELETE", path: rangePath, target: rangePath + "?start=a&end=", server: s, status: 400, wrong: true},
		{method: "DELETE", path: rangePath, target: rangePath + "?all=true", header: []string{"Sec-Fetch-Site", "cross-site"}, server: s, status: 403},
		{method: "POST", path: batch, target: batch, body: ranges, header: json, server: s, status: 200},
		{method: "POST", path: batch, target: batch, body: elsewhere, header: json, server: s, status: 404},
		{method: "POST", path: transaction, target: transaction, body: strings.Replace(elsewhere, "{", `{"conditions":[],`, 1), header: json, server: s, status: 404},
		{method: "POST", path: keyspacesPath, target: keyspacesPath, body: create, header: json, server: s, status: 201},
		{method: "POST", path: keyspacesPath, target: keyspacesPath, body: create, header: json, server: s, status: 409},
		{method: "POST", path: keyspacesPath, target: keyspacesPath, body: `{}`, header: json, server: s, status: 400, wrong: true},
		{method: "POST", path: keyspacesPath, target: keyspacesPath, body: create, header: with(json, "Sec-Fetch-Site", "cross-site"), server: s, status: 403},
		{method: "POST", path: keyspacesPath, target: keyspacesPath, stall: true, header: json, server: slow, status: 408},
		{method: "POST", path: keyspacesPath, target: keyspacesPath, announce: maxJSONBody + 1, header: json, server: s, status: 413},
		{method: "POST", path: keyspacesPath, target: keyspacesPath, body: create, header: []string{"Content-Type", "text/plain"}, server: s, status: 415, wrong: true},
		{method: "GET", path: keyspacesPath, target: keyspacesPath, server: s, status: 200},
		{method: "GET", path: keyspacePath, target: named, server: s, status: 200},
		{method: "GET", path: keyspacePath, target: keyspacesPath + "/none", server: s, status: 404},
		{method: "DELETE", path: keyspacePath, target: named + "?force=true", server: s, status: 400},
		{method: "DELETE", path: keyspacePath, target: named, header: []string{"Sec-Fetch-Site", "cross-site"}, server: s, status: 403},
		{method: "DELETE", path: keyspacePath, target: named, server: s, status: 204},
		{method: "DELETE", path: keyspacePath, target: named, server: s, status: 404},
		{method: "GET", path: applied, target: applied, server: s, status: 200},
		{method: "GET", path: applied, target: applied, server: onDisk, status: 200},
		{method: "GET", path: "/api/v1/stats", target: "/api/v1/stats", server: s, status: 200},
		{method: "GET", path: figuresPath, target: figuresPath, server: s, status: 200},
		{method: "GET", path: figuresPath, target: figuresPath + "?points=2&since=2020-01-01T00:00:00Z", server: past, status: 200},
		{method: "GET", path: figuresPath, target: figuresPath + "?points=2001", server: s, status: 400, wrong: true},
		{method: "GET", path: "/api/v1/warnings", target: "/api/v1/warnings", server: doomed, status: 200},
		{method: "GET", path: "/api/v1/engine", target: "/api/v1/engine", server: onDisk, status: 200},
		{method: "GET", path: "/api/v1/engine", target: "/api/v1/engine?segments=1", server: s, status: 200},
		{method: "GET", path: "/api/v1/engine", target: "/api/v1/engine?segments=4097", server: s, status: 400, wrong: true},
		{method: "GET", path: "/api/v1/warnings", target: "/api/v1/warnings?x=1", server: s, status: 400},
		{method: "GET", path: figuresStreamPath, target: figuresStreamPath + "?interval=250ms", server: endless, status: 200},
		{method: "GET", path: figuresStreamPath, target: figuresStreamPath + "?interval=often", server: s, status: 400, wrong: true},
		{method: "GET", path: "/api/v1/stats", target: "/api/v1/stats?keyspaces=true", server: s, status: 200},
		{method: "GET", path: "/api/v1/stats", target: "/api/v1/stats?keyspaces=maybe", server: s, status: 400, wrong: true},
		{method: "PUT", path: kvPath, target: "/api/v1/kv/new?durability=buffered", body: "v", header: octets, server: s, status: 204},
		{method: "PUT", path: kvPath, target: k + "?durability=default", body: "v", header: octets, server: s, status: 400, wrong: true},
		{method: "DELETE", path: kvPath, target: "/api/v1/kv/new?durability=memory", server: s, status: 204},
		{method: "POST", path: batch, target: batch + "?durability=sync", body: put, header: json, server: s, status: 200},
		{method: "POST", path: syncPath, target: syncPath, server: s, status: 204},
		{method: "POST", path: syncPath, target: syncPath, header: []string{"Sec-Fetch-Site", "cross-site"}, server: s, status: 403},
		{method: "GET", path: backup, target: backup, server: s, status: 200},
		{method: "GET", path: backup, target: backup, server: newServerOver(t, failingStore{err: cluster.ErrNotNow}), status: 409},
		{method: "POST", path: checkpoint, target: checkpoint + "?name=monday", server: onDisk, status: 200},
		{method: "POST", path: checkpoint, target: checkpoint + "?name=monday", server: onDisk, status: 409},
		{method: "POST", path: checkpoint, target: checkpoint, server: onDisk, status: 400, wrong: true},
		{method: "POST", path: checkpoint, target: checkpoint + "?name=..%2Fmonday", server: onDisk, status: 400, wrong: true},
		{method: "POST", path: checkpoint, target: checkpoint + "?name=x", header: []string{"Sec-Fetch-Site", "cross-site"}, server: onDisk, status: 403},
		{method: "POST", path: checkpoint, target: checkpoint + "?name=x", server: s, status: 501},
		{method: "GET", path: "/api/v1/version", target: "/api/v1/version", server: s, status: 200},
		{method: "GET", path: "/api/v1/health", target: "/api/v1/health", server: s, status: 200},
		{method: "GET", path: "/health", target: "/health", server: s, status: 200},
		{method: "GET", path: "/health/live", target: "/health/live", server: s, status: 200},
		{method: "GET", path: "/health/live", target: "/health/live", server: closed, status: 200},
		{method: "GET", path: "/health/ready", target: "/health/ready", server: s, status: 200},
		{method: "GET", path: "/metrics", target: "/metrics", server: measured, status: 200},
		{method: "GET", path: "/api/v1/openapi.yaml", target: "/api/v1/openapi.yaml", server: s, status: 200},
		{method: "GET", path: "/", target: "/", server: s, status: 200},
	}
	for server, status := range map[*testServer]int{closed: 503, broken: 500} {
		all = append(all,
			exchange{method: "GET", path: kvPath, target: k, server: server, status: status},
			exchange{method: "HEAD", path: kvPath, target: k, server: server, status: status},
			exchange{method: "PUT", path: kvPath, target: k, body: "v", header: octets, server: server, status: status},
			exchange{method: "PUT", path: kvPath, target: k, body: "v", header: with(octets, "If-Match", `"1"`), server: server, status: status},
			exchange{method: "POST", path: kvPath, target: k + "?op=increment", server: server, status: status},
			exchange{method: "POST", path: kvPath, target: k + "?op=compare-and-swap", body: swap, header: json, server: server, status: status},
			exchange{method: "POST", path: transaction, target: transaction, body: transact, header: json, server: server, status: status},
			exchange{method: "DELETE", path: kvPath, target: k, server: server, status: status},
			exchange{method: "POST", path: batch, target: batch, body: put, header: json, server: server, status: status},
			exchange{method: "GET", path: scan, target: scan, server: server, status: status},
			exchange{method: "GET", path: watch, target: watch, server: server, status: status},
			exchange{method: "DELETE", path: rangePath, target: rangePath + "?all=true", server: server, status: status},
			exchange{method: "GET", path: keyspacesPath, target: keyspacesPath, server: server, status: status},
			exchange{method: "POST", path: keyspacesPath, target: keyspacesPath, body: create, header: json, server: server, status: status},
			exchange{method: "DELETE", path: keyspacePath, target: named, server: server, status: status},
			exchange{method: "GET", path: applied, target: applied, server: server, status: status},
			exchange{method: "POST", path: syncPath, target: syncPath, server: server, status: status},
			exchange{method: "GET", path: backup, target: backup, server: server, status: status},
			exchange{method: "POST", path: checkpoint, target: checkpoint + "?name=x", server: server, status: status},
			exchange{method: "GET", path: "/api/v1/stats", target: "/api/v1/stats", server: server, status: status},
			exchange{method: "GET", path: "/api/v1/engine", target: "/api/v1/engine", server: server, status: status},
			exchange{method: "GET", path: figuresStreamPath, target: figuresStreamPath, server: server, status: status},
			exchange{method: "GET", path: "/api/v1/health", target: "/api/v1/health", server: server, status: status},
			exchange{method: "GET", path: "/health", target: "/health", server: server, status: status},
			exchange{method: "GET", path: "/health/ready", target: "/health/ready", server: server, status: status},
		)
	}
	all = append(all, controlExchanges(t, s)...)
	all = append(all, benchmarkExchanges(t)...)
	all = append(all, administrationExchanges(t)...)
	h := NewHandler(failingStore{}, slog.New(slog.DiscardHandler), testAbout)
	all = append(all, exchangesInKeyspace(h, all, tag, tagThere)...)
	for _, x := range []exchange{
		{method: "GET", path: kvPath, target: k}, {method: "HEAD", path: kvPath, target: k},
		{method: "PUT", path: kvPath, target: k, body: "v", header: octets}, {method: "DELETE", path: kvPath, target: k},
		{method: "POST", path: kvPath, target: k + "?op=increment"}, {method: "GET", path: scan, target: scan}, {method: "GET", path: watch, target: watch},
		{method: "DELETE", path: rangePath, target: rangePath + "?all=true"},
		{method: "POST", path: batch, target: batch, body: put, header: json},
		{method: "POST", path: transaction, target: transaction, body: transact, header: json},
	} {
		x.path, x.target = inKeyspace(x.path, keyspacePath), inKeyspace(x.target, keyspacesPath+"/none")
		x.server, x.status = s, 404
		all = append(all, x)
	}
	return all
}
