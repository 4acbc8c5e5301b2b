package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// apiPath is what the paths of all requests begin with.
const apiPath = "/api/v1"

// answerTimeout is how long a server may take to begin its answer.
const answerTimeout = 2 * time.Minute

// remote is a running server, spoken to over HTTP.
type remote struct {
	base   string        // its URL, without a slash at the end, and without the user
	name   string        // what a person knows it by
	user   *url.Userinfo // nil: it asks for none
	client *http.Client
	shards int // how many parts its database has, of which each is written atomically by itself
}

func (r *remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

// send sends a request and returns an answer of success, whose body the caller closes.
func (r *remote) send(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	req.Header.Set("User-Agent", "mantisdb/"+versionNumber())
	if r.user != nil {
		password, _ := r.user.Password()
		req.SetBasicAuth(r.user.Username(), password)
	}
	resp, err := r.client.Do(req)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, syscall.ECONNREFUSED), r.isUnix() && errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no server listens at %s: start one, or name its URL with --server", r.name)
	case err != nil:
		return nil, fmt.Errorf("cannot reach the server at %s: %w", r.name, causeOf(err))
	case resp.StatusCode/100 != 2:
		defer resp.Body.Close()
		return nil, fmt.Errorf("the server at %s refused: %w", r.name, refusal(resp))
	}
	return resp, nil
}

// causeOf is err without the method and the URL that net/http puts before it: a key may
// be long, and is none of the reader's concern.
func causeOf(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	if errors.Is(err, io.EOF) {
		return errors.New("it closed the connection without an answer; if it encrypts, its URL begins with https")
	}
	return err
}

// call sends a request whose answer tells nothing but success.
func (r *remote) call(ctx context.Context, method, path string, header http.Header, body []byte) error {
	resp, err := r.send(ctx, method, path, header, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body) // so that the connection serves again
	return err
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

// jsonBody is the header of a request with a body in JSON.
func jsonBody() http.Header { return http.Header{"Content-Type": {"application/json"}} }

func (r *remote) keyspaces(ctx context.Context) ([]wire.Keyspace, error) {
	var list wire.KeyspaceList
	err := r.ask(ctx, http.MethodGet, apiPath+"/keyspaces", &list)
	return list.Keyspaces, err
}

// ask reads what is answered in JSON to a request without a body.
func (r *remote) ask(ctx context.Context, method, path string, answer any) error {
	resp, err := r.send(ctx, method, path, http.Header{}, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		return fmt.Errorf("%w: %w", errNoSense, err)
	}
	return nil
}

var errNoSense = errors.New("the server's answer makes no sense")

func (r *remote) createKeyspace(ctx context.Context, name string, o mantisdb.KeyspaceOptions) error {
	body, err := json.Marshal(wire.KeyspaceOf(name, o))
	if err != nil {
		return err
	}
	err = r.call(ctx, http.MethodPost, apiPath+"/keyspaces", jsonBody(), body)
	var problem *wire.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusConflict {
		return nil // it exists
	}
	return err
}

func (r *remote) stats(ctx context.Context) ([]byte, error) {
	var figures json.RawMessage
	err := r.ask(ctx, http.MethodGet, apiPath+"/stats", &figures)
	return figures, err
}

func (r *remote) keyspace(_ context.Context, name string) (keyspace, error) {
	if name == "" {
		return &remoteKeyspace{r, apiPath}, nil
	}
	return &remoteKeyspace{r, apiPath + "/keyspaces/" + escape([]byte(name))}, nil
}
