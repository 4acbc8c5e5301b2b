//go:build linux

package clustertest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/mantisdb/mantisdb/internal/linearizable"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// httpClient speaks to one node over HTTP.
type httpClient struct {
	base string
	*http.Client
}

// httpKinds are the operations that do has a request for.
var httpKinds = []string{"get-meta", "get-meta", "get-meta", "has", "put", "put", "delete", "put-if-absent", "compare-value", "compare-version", "compare-version", "increment", "take", "exchange"}

// do does an operation on a key.
func (c *httpClient) do(in linearizable.KeyInput) (out linearizable.KeyOutput, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	r, err := c.request(ctx, in)
	if err != nil {
		return out, err
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
	switch {
	case answer.StatusCode == refusal(in):
		return out, nil
	case answer.StatusCode/100 != 2:
		return out, fmt.Errorf("%s: %s", answer.Status, body)
	}
	// An exchange that has no content found nothing.
	out.Found = in.Kind != "exchange" || answer.StatusCode != http.StatusNoContent
	switch in.Kind {
	case "get-meta", "take", "exchange":
		out.Value = string(body)
	case "increment":
		var told struct{ Number int64 }
		err = json.Unmarshal(body, &told)
		out.Number = told.Number
	}
	if tag := answer.Header.Get("ETag"); in.Kind == "get-meta" || in.Kind == "compare-version" && tag != "" {
		out.Version, err = strconv.ParseUint(strings.Trim(tag, `"`), 10, 64)
	}
	return out, err
}

// refusal is the status of the answer that an operation found nothing, or other than it
// wanted; 0 if there is no such answer.
func refusal(in linearizable.KeyInput) int {
	switch in.Kind {
	case "get-meta", "has", "take":
		return http.StatusNotFound
	case "put-if-absent", "compare-version":
		return http.StatusPreconditionFailed
	case "compare-value":
		return http.StatusConflict
	}
	return 0
}

// request is the one of an operation.
func (c *httpClient) request(ctx context.Context, in linearizable.KeyInput) (*http.Request, error) {
	method, query, body := http.MethodPut, "", in.Value
	header := make(http.Header)
	switch in.Kind {
	case "get-meta":
		method, body = http.MethodGet, ""
	case "has":
		method, body = http.MethodHead, ""
	case "delete":
		method, body = http.MethodDelete, ""
	case "put":
	case "put-if-absent":
		header.Set("If-None-Match", "*")
	case "compare-version":
		if in.Version == 0 {
			header.Set("If-None-Match", "*")
		} else {
			header.Set("If-Match", fmt.Sprintf(`"%d"`, in.Version))
		}
	case "compare-value":
		text, err := json.Marshal(map[string]string{"expected_text": in.Expected, "value_text": in.Value})
		if err != nil {
			return nil, err
		}
		method, query, body = http.MethodPost, "?op=compare-and-swap", string(text)
		header.Set("Content-Type", "application/json")
	case "increment":
		method, query, body = http.MethodPost, fmt.Sprintf("?op=increment&by=%d", in.By), ""
	case "take":
		method, query, body = http.MethodPost, "?op=take", ""
	case "exchange":
		method, query = http.MethodPost, "?op=exchange"
	default:
		return nil, fmt.Errorf("no request for %q", in.Kind)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v1/kv/"+url.PathEscape(in.Key)+query, strings.NewReader(body))
	if err == nil {
		r.Header = header
	}
	return r, err
}

// scan are the keys and values that begin with a prefix.
func (c *httpClient) scan(prefix string) (map[string]string, error) {
	answer, err := c.Get(c.base + "/api/v1/scan?prefix=" + url.QueryEscape(prefix))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	found := make(map[string]string)
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	var d wire.Decoder
	for lines.Scan() {
		end, last, err := wire.ParseScanEnd(lines.Bytes())
		if err != nil {
			return nil, err
		}
		if last {
			if end.Count != uint64(len(found)) {
				return nil, fmt.Errorf("%d entries of %d", len(found), end.Count)
			}
			return found, nil
		}
		entry, err := d.Line(lines.Bytes())
		if err != nil {
			return nil, err
		}
		found[string(entry.Key)] = string(entry.Value)
	}
	return nil, fmt.Errorf("the scan has no end: %w", lines.Err())
}
