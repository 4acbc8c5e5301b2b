package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server/acl"
)

// answerTimeout is how long a server may take to begin its answer.
const answerTimeout = 2 * time.Minute

// remote is a running server, spoken to over HTTP.
type remote struct {
	base   string        // its URL, without a slash at the end, and without the user
	user   *url.Userinfo // nil: it asks for none
	client *http.Client
}

// openRemote makes sure that a MantisDB server answers at the URL.
func openRemote(ctx context.Context, server string) (*remote, error) {
	base, err := url.Parse(server)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.RawQuery != "" {
		return nil, usageError{fmt.Errorf("%q is no URL of a server: it looks like %s", server, defaultServer)}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = answerTimeout
	user, err := userOf(base)
	if err != nil {
		return nil, err
	}
	base.User = nil // errors tell the URL, and not the password
	r := &remote{base: strings.TrimSuffix(base.String(), "/"), user: user, client: &http.Client{Transport: transport}}
	resp, err := r.do(ctx, http.MethodGet, "/api/v1/version", nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var about struct{ Version, Engine string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&about); err != nil || about.Engine == "" {
		return nil, fmt.Errorf("what answers at %s is not a MantisDB server", r.base)
	}
	return r, nil
}

// userOf is who is named in the URL of a server, or else the user "default", if there is a
// password for it where the server takes it from, too.
func userOf(base *url.URL) (*url.Userinfo, error) {
	if base.User != nil {
		return base.User, nil
	}
	password, err := passwordOfVariables()
	if err != nil || password == "" {
		return nil, err
	}
	return url.UserPassword(acl.DefaultName, password), nil
}

func (r *remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

// do sends a request with a JSON body, if any, and returns an answer of
// success, whose body the caller closes.
func (r *remote) do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "mantisdb/"+versionNumber())
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.user != nil {
		password, _ := r.user.Password()
		req.SetBasicAuth(r.user.Username(), password)
	}
	resp, err := r.client.Do(req)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("no server listens at %s: start one, or name its URL with --server", r.base)
	case err != nil:
		return nil, fmt.Errorf("cannot reach the server: %w", err)
	case resp.StatusCode/100 != 2:
		defer resp.Body.Close()
		return nil, fmt.Errorf("the server at %s refused: %w", r.base, refusal(resp))
	}
	return resp, nil
}

// refusal is the error that an answer tells.
func refusal(resp *http.Response) error {
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if mediaType == "application/problem+json" {
		var problem wire.Problem
		if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&problem); err == nil {
			return &problem
		}
	}
	return fmt.Errorf("it answered %s; is it a MantisDB server?", resp.Status)
}

func (r *remote) newBatch() batch { return &remoteBatch{remote: r} }

// remoteBatch is written by one request, atomically.
type remoteBatch struct {
	remote *remote
	ops    wire.BatchBuilder
}

func (b *remoteBatch) add(rec *wire.Record) error { b.ops.AddPut(rec); return nil }
func (b *remoteBatch) len() int                   { return b.ops.Len() }
func (b *remoteBatch) size() int                  { return b.ops.Size() }
func (b *remoteBatch) reset()                     { b.ops.Reset() }

func (b *remoteBatch) write(ctx context.Context) error {
	resp, err := b.remote.do(ctx, http.MethodPost, "/api/v1/kv/batch", b.ops.JSON())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body) // so that the connection serves again
	return err
}

func (r *remote) keyspaces(ctx context.Context) ([]string, error) {
	resp, err := r.do(ctx, http.MethodGet, "/api/v1/keyspaces", nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var list wire.KeyspaceList
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		return nil, fmt.Errorf("the server's answer makes no sense: %w", err)
	}
	names := make([]string, len(list.Keyspaces))
	for i, ks := range list.Keyspaces {
		names[i] = ks.Name
	}
	return names, nil
}

func (r *remote) createKeyspace(ctx context.Context, name string) error {
	body, err := json.Marshal(wire.Keyspace{Name: name})
	if err != nil {
		return err
	}
	resp, err := r.do(ctx, http.MethodPost, "/api/v1/keyspaces", body)
	var problem *wire.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusConflict {
		return nil // it exists
	}
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func (r *remote) scan(ctx context.Context, keyspace string) iter.Seq2[mantisdb.Entry, error] {
	path := "/api/v1/scan"
	if keyspace != "" {
		path = "/api/v1/keyspaces/" + url.PathEscape(keyspace) + "/scan"
	}
	return func(yield func(mantisdb.Entry, error) bool) {
		resp, err := r.do(ctx, http.MethodGet, path, nil)
		if err == nil {
			defer resp.Body.Close()
			err = readScan(resp.Body, yield)
		}
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(mantisdb.Entry{}, err)
		}
	}
}

// errStopped: whoever asked for entries wants no more of them.
var errStopped = errors.New("stopped")

// readScan yields the entries of a scan's stream, which must have its end.
func readScan(r io.Reader, yield func(mantisdb.Entry, error) bool) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var d wire.Decoder
	for count := uint64(0); lines.Scan(); count++ {
		end, last, err := wire.ParseScanEnd(lines.Bytes())
		if err != nil {
			return fmt.Errorf("the server ended the scan: %w", err)
		}
		if last {
			if end.Count != count || end.NextCursor != nil {
				return fmt.Errorf("the server sent %d entries and speaks of %d", count, end.Count)
			}
			return nil
		}
		rec, err := d.Line(lines.Bytes())
		if err != nil {
			return fmt.Errorf("the server sent a line that is no entry: %w", err)
		}
		entry := mantisdb.Entry{Key: rec.Key, Value: rec.Value, Meta: mantisdb.Meta{ExpiresAt: rec.ExpiresAt}}
		if !yield(entry, nil) {
			return errStopped
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("the scan broke off: %w", err)
	}
	return errors.New("the scan broke off: the server sent no last line")
}
