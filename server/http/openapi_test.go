package httpapi

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/mantisdb/mantisdb/server/benchmarks"
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
	h := NewHandler(failingStore{}, slog.New(slog.DiscardHandler), testAbout).WithMetrics(http.NotFoundHandler()).
		WithControl(newControlled(t, nil).redis, nil).WithBenchmarks(new(benchmarks.Runs)).WithAdministrator(&administrator{})
	for _, route := range h.routes() {
		served = append(served, route.method+" "+route.path)
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE"} {
		served = append(served, method+" "+kvPath, method+" "+inKeyspace(kvPath, keyspacePath))
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
		PathParams: map[string]string{"key": strings.TrimPrefix(x.target, kvPrefix), keyspaceWildcard: testKeyspace, "id": path.Base(x.target),
			nodeWildcard: segmentBehind(x.target, "/nodes/"), shardWildcard: segmentBehind(x.target, "/shards/")},
		Route: &routers.Route{Spec: doc, Path: x.path, PathItem: item, Method: x.method,
			Operation: item.Operations()[x.method]},
		// The server under test has no users; access_test.go is about those.
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
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

// segmentBehind is the segment of a target that follows a part of it.
func segmentBehind(target, part string) string {
	_, rest, _ := strings.Cut(target, part)
	segment, _, _ := strings.Cut(rest, "/")
	segment, _, _ = strings.Cut(segment, "?")
	return segment
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
