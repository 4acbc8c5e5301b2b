package crashtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/mantisdb/mantisdb/internal/wire"
)

// httpClient speaks to one server.
type httpClient struct {
	base string
	*http.Client
}

func newHTTPClient(base string) *httpClient {
	return &httpClient{base, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}}
}

// errRefused: the server answered, and did not acknowledge.
var errRefused = errors.New("the server refused a write")

// write does a write; nil says that it was acknowledged.
func (c *httpClient) write(w write) error {
	method, path, body := http.MethodPut, "/api/v1/kv/"+url.PathEscape(w.keys[0]), []byte(nil)
	header := "application/octet-stream"
	switch {
	case len(w.keys) > 1:
		var b wire.BatchBuilder
		for _, key := range w.keys {
			b.AddPut(&wire.Record{Key: []byte(key), Value: w.value(key)})
		}
		method, path, body, header = http.MethodPost, "/api/v1/kv/batch", b.JSON(), "application/json"
	case w.delete:
		method = http.MethodDelete
	default:
		body = w.value(w.keys[0])
	}
	req, err := http.NewRequest(method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", header)
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%w: %s %s", errRefused, resp.Status, answer)
	}
	return err
}

// contents reads all that the server has.
func (c *httpClient) contents() (contents, error) {
	resp, err := c.Get(c.base + "/api/v1/scan")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	found := make(contents)
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	var d wire.Decoder
	for lines.Scan() {
		if end, last, err := wire.ParseScanEnd(lines.Bytes()); err != nil {
			return nil, err
		} else if last {
			if end.Count != uint64(len(found)) {
				return nil, fmt.Errorf("%d entries of %d", len(found), end.Count)
			}
			return found, nil
		}
		rec, err := d.Line(lines.Bytes())
		if err != nil {
			return nil, err
		}
		n, err := countOf(string(rec.Key), rec.Value)
		if err != nil {
			return nil, err
		}
		found[string(rec.Key)] = n
	}
	return nil, fmt.Errorf("the scan has no end: %w", lines.Err())
}
