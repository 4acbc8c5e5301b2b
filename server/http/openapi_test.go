package httpapi

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/mantisdb/mantisdb"
)

// kvPath is how the OpenAPI file writes the path of an entry.
const kvPath = kvPrefix + "{key}"

func loadOpenAPI(t *testing.T, data []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Fatalf("it is of version %s", doc.OpenAPI)
	}
	return doc
}

// TestOpenAPIHasEveryRoute: the file and the server have the same operations.
func TestOpenAPIHasEveryRoute(t *testing.T) {
	doc := loadOpenAPI(t, openAPI)
	var described, served []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	h := NewHandler(failingStore{}, slog.New(slog.DiscardHandler), testAbout)
	for _, route := range h.routes() {
		served = append(served, route.method+" "+route.path)
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE"} {
		served = append(served, method+" "+kvPath)
	}
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) {
		t.Errorf("described: %q\nserved:    %q", described, served)
	}
	// That list is what serveKey really takes.
	s := newServer(t)
	if a := s.do("OPTIONS", "/api/v1/kv/k", ""); a.header.Get("Allow") != "GET, HEAD, PUT, POST, DELETE" {
		t.Errorf("Allow: %q", a.header.Get("Allow"))
	}
}

// exchange is a request that shall show one documented answer.
type exchange struct {
	method string
	path   string // as the file has it
	target string
	body   string
	header []string
	server *testServer
	status int
	// wrong says that the request itself breaks the file.
	wrong bool
	// announce, if not 0, is the Content-Length, of which nothing is sent.
	announce int64
	stall    bool // the body never comes
}

// TestOpenAPIHolds shows every documented answer of every operation, and checks
// it against the file that the server itself serves.
func TestOpenAPIHolds(t *testing.T) {
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.JSONBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.RegisteredBodyDecoder("text/plain"))
	s := newServer(t)
	doc := loadOpenAPI(t, []byte(s.do("GET", "/api/v1/openapi.yaml", "").body))
	shown := make(map[string]bool)
	for _, x := range exchanges(t, s) {
		code := checkExchange(t, doc, x)
		shown[x.method+" "+x.path+" "+code] = true
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for code := range operation.Responses.Map() {
				if name := method + " " + path + " " + code; !shown[name] {
					t.Errorf("no request shows %s", name)
				}
			}
		}
	}
}

// checkExchange checks one exchange and returns the code under which the file
// has its answer.
func checkExchange(t *testing.T, doc *openapi3.T, x exchange) string {
	t.Helper()
	name := x.method + " " + x.target
	item := doc.Paths.Value(x.path)
	input := &openapi3filter.RequestValidationInput{
		Request:    x.request(),
		PathParams: map[string]string{"key": strings.TrimPrefix(x.target, kvPrefix)},
		Route: &routers.Route{Spec: doc, Path: x.path, PathItem: item, Method: x.method,
			Operation: item.Operations()[x.method]},
	}
	err := openapi3filter.ValidateRequest(context.Background(), input)
	if x.announce == 0 && !x.stall && (err != nil) != x.wrong {
		t.Errorf("%s: the request against the file: %v", name, err)
	}
	a := x.send(t)
	if a.status != x.status {
		t.Errorf("%s: %d %s, want %d", name, a.status, a.body, x.status)
	}
	bodies := []string{a.body}
	if a.header.Get("Content-Type") == "application/x-ndjson" {
		bodies = strings.Split(strings.TrimSuffix(a.body, "\n"), "\n")
	}
	for _, body := range bodies {
		err := openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input, Status: a.status, Header: a.header,
			Body: io.NopCloser(strings.NewReader(body)),
		})
		if err != nil {
			t.Errorf("%s: %d %q: %v", name, a.status, body, err)
		}
	}
	code := strconv.Itoa(a.status)
	responses := input.Route.Operation.Responses
	if responses.Value(code) == nil && a.status == http.StatusInternalServerError {
		code = "default" // which is for failures of the server alone
	}
	if responses.Value(code) == nil {
		t.Errorf("%s: the file has no answer %d", name, a.status)
	} else if a.body != "" && responses.Value(code).Value.Content == nil {
		t.Errorf("%s: %d comes with a body that the file does not have: %q", name, a.status, a.body)
	}
	return code
}

func (x exchange) request() *http.Request {
	return x.server.request(x.method, x.target, strings.NewReader(x.body), x.header...)
}

func (x exchange) send(t *testing.T) answer {
	switch {
	case x.announce != 0:
		r := x.server.request(x.method, x.target, io.NopCloser(neverRead{t}), append(x.header, "Expect", "100-continue")...)
		r.ContentLength = x.announce
		return x.server.send(r)
	case x.stall:
		reader, writer := io.Pipe()
		defer writer.Close()
		return x.server.send(x.server.request(x.method, x.target, reader, x.header...))
	}
	return x.server.send(x.request())
}

// neverRead is a body that the server must refuse before it is sent.
type neverRead struct{ t *testing.T }

func (n neverRead) Read([]byte) (int, error) {
	n.t.Error("a body was sent that the server had refused")
	return 0, io.EOF
}

// exchanges show every documented answer; s is the server that works.
func exchanges(t *testing.T, s *testServer) []exchange {
	s.put("k", "v")
	s.put("\xff", "\xff")
	if err := s.db.PutTTL([]byte("t"), []byte("v"), time.Hour); err != nil {
		t.Fatal(err)
	}
	s.Client().Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
	slow := newServer(t, func(c *http.Server) { c.ReadTimeout = 50 * time.Millisecond })
	closed := newServerOver(t, failingStore{err: mantisdb.ErrClosed})
	broken := newServerOver(t, failingStore{err: mantisdb.ErrCorrupt})
	cut := failingStore{err: mantisdb.ErrCorrupt}
	for range 100 {
		cut.entries = append(cut.entries, mantisdb.Entry{Key: []byte("k"), Value: bytes.Repeat([]byte("v"), 1000), Meta: mantisdb.Meta{Version: 1}})
	}

	ending := newServerOver(t, scriptedStore{failingStore{err: mantisdb.ErrWatchTooSlow}, 3})
	onDisk := newDurableServer(t)

	tag := s.do("GET", "/api/v1/kv/%FF", "").header.Get("ETag")
	const transaction = "/api/v1/transaction"
	const syncPath, backup, checkpoint = "/api/v1/sync", "/api/v1/backup", "/api/v1/checkpoint"
	const k, batch, scan, watch = "/api/v1/kv/k", "/api/v1/kv/batch", "/api/v1/scan", "/api/v1/watch"
	json := []string{"Content-Type", "application/json"}
	octets := []string{"Content-Type", "application/octet-stream"}
	with := func(base []string, more ...string) []string { return append(slices.Clone(base), more...) }
	put := `{"operations":[{"op":"put","key":"YQ==","value_text":"b","ttl":"1h"},{"op":"put","key":"YQ==","value":"","expires_at":4102444800000},{"op":"delete","key_text":"a"}]}`
	transact := `{"conditions":[{"key":"YQ==","version":0},{"key_text":"k","value":"dg=="}],"operations":[{"op":"put","key_text":"new","value_text":"v"}]}`
	swap := `{"expected":"dg==","value_text":"v"}`
	all := []exchange{
		{method: "GET", path: kvPath, target: k, server: s, status: 200},
		{method: "GET", path: kvPath, target: "/api/v1/kv/t", server: s, status: 200},
		{method: "GET", path: kvPath, target: k, header: []string{"Accept", "application/json"}, server: s, status: 200},
		{method: "GET", path: kvPath, target: "/api/v1/kv/t?encoding=text", header: []string{"Accept", "application/json"}, server: s, status: 200},
		{method: "GET", path: kvPath, target: "/api/v1/kv/%FF?encoding=text", header: []string{"Accept", "application/json"}, server: s, status: 200},
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
		{method: "PUT", path: kvPath, target: k + "?ttl=soon", body: "v", header: octets, server: s, status: 400},
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
		{method: "GET", path: "/api/v1/stats", target: "/api/v1/stats", server: s, status: 200},
		{method: "PUT", path: kvPath, target: "/api/v1/kv/new?durability=buffered", body: "v", header: octets, server: s, status: 204},
		{method: "PUT", path: kvPath, target: k + "?durability=default", body: "v", header: octets, server: s, status: 400, wrong: true},
		{method: "DELETE", path: kvPath, target: "/api/v1/kv/new?durability=memory", server: s, status: 204},
		{method: "POST", path: batch, target: batch + "?durability=sync", body: put, header: json, server: s, status: 200},
		{method: "POST", path: syncPath, target: syncPath, server: s, status: 204},
		{method: "POST", path: syncPath, target: syncPath, header: []string{"Sec-Fetch-Site", "cross-site"}, server: s, status: 403},
		{method: "GET", path: backup, target: backup, server: s, status: 200},
		{method: "POST", path: checkpoint, target: checkpoint + "?name=monday", server: onDisk, status: 200},
		{method: "POST", path: checkpoint, target: checkpoint + "?name=monday", server: onDisk, status: 409},
		{method: "POST", path: checkpoint, target: checkpoint, server: onDisk, status: 400, wrong: true},
		{method: "POST", path: checkpoint, target: checkpoint + "?name=..%2Fmonday", server: onDisk, status: 400, wrong: true},
		{method: "POST", path: checkpoint, target: checkpoint + "?name=x", header: []string{"Sec-Fetch-Site", "cross-site"}, server: onDisk, status: 403},
		{method: "POST", path: checkpoint, target: checkpoint + "?name=x", server: s, status: 501},
		{method: "GET", path: "/api/v1/version", target: "/api/v1/version", server: s, status: 200},
		{method: "GET", path: "/api/v1/health", target: "/api/v1/health", server: s, status: 200},
		{method: "GET", path: "/health", target: "/health", server: s, status: 200},
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
			exchange{method: "POST", path: syncPath, target: syncPath, server: server, status: status},
			exchange{method: "GET", path: backup, target: backup, server: server, status: status},
			exchange{method: "POST", path: checkpoint, target: checkpoint + "?name=x", server: server, status: status},
			exchange{method: "GET", path: "/api/v1/stats", target: "/api/v1/stats", server: server, status: status},
			exchange{method: "GET", path: "/api/v1/health", target: "/api/v1/health", server: server, status: status},
			exchange{method: "GET", path: "/health", target: "/health", server: server, status: status},
		)
	}
	return all
}
