package linearizable

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
	httpapi "github.com/mantisdb/mantisdb/server/http"
)

var httpKinds = []string{"get-meta", "get-meta", "has", "put", "put", "delete", "put-if-absent", "compare-version", "compare-version"}

// TestKeysOverHTTP checks operations on single keys that come to a server.
func TestKeysOverHTTP(t *testing.T) {
	everywhere(t, func(t *testing.T, db *mantisdb.DB, round int) {
		handler := httpapi.NewHandler(server.NewLocal(db), slog.New(slog.DiscardHandler), httpapi.About{})
		s := httptest.NewServer(handler)
		defer s.Close()
		client := &httpClient{s.URL, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: keyClients}}}
		defer client.CloseIdleConnections()
		checkKeys(t, round, httpKinds, client.do)
	})
}

// httpClient speaks to one server.
type httpClient struct {
	base string
	*http.Client
}

// do does an operation. An error is one that it cannot have.
func (c *httpClient) do(in KeyInput) (out KeyOutput, err error) {
	r, err := http.NewRequest(in.method(), c.base+"/api/v1/kv/"+url.PathEscape(in.Key), strings.NewReader(in.Value))
	if err != nil {
		return out, err
	}
	switch {
	case in.Kind == "put-if-absent", in.Kind == "compare-version" && in.Version == 0:
		r.Header.Set("If-None-Match", "*")
	case in.Kind == "compare-version":
		r.Header.Set("If-Match", fmt.Sprintf(`"%d"`, in.Version))
	}
	answer, err := c.Do(r)
	if err != nil {
		return out, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return out, err
	}
	switch answer.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
		out.Found = true
	case http.StatusNotFound, http.StatusPreconditionFailed:
	default:
		err = fmt.Errorf("%s: %s", answer.Status, body)
	}
	if in.Kind == "get-meta" && out.Found {
		out.Value = string(body)
		out.Version, err = strconv.ParseUint(strings.Trim(answer.Header.Get("ETag"), `"`), 10, 64)
	}
	return out, err
}

func (in KeyInput) method() string {
	switch in.Kind {
	case "get-meta":
		return http.MethodGet
	case "has":
		return http.MethodHead
	case "delete":
		return http.MethodDelete
	}
	return http.MethodPut
}
