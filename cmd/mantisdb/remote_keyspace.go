package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// remoteKeyspace is a keyspace of a running server.
type remoteKeyspace struct {
	*remote
	path string // what the paths of its requests begin with
}

// entryPath is the path of a key's entry.
func (k *remoteKeyspace) entryPath(key []byte) string { return k.path + "/kv/" + escape(key) }

// Get reads a value and its headers.
func (k *remoteKeyspace) Get(ctx context.Context, dst, key []byte) ([]byte, mantisdb.Meta, error) {
	resp, err := k.send(ctx, http.MethodGet, k.entryPath(key), http.Header{"Accept": {"application/octet-stream"}}, nil)
	if isProblem(err, http.StatusNotFound, "key-not-found") {
		return dst, mantisdb.Meta{}, mantisdb.ErrNotFound
	}
	if err != nil {
		return dst, mantisdb.Meta{}, err
	}
	defer resp.Body.Close()
	meta, err := metaOf(resp.Header)
	if err != nil {
		return dst, meta, err
	}
	value, err := io.ReadAll(io.LimitReader(resp.Body, mantisdb.MaxValueLen+1))
	switch {
	case ctx.Err() != nil:
		return dst, meta, ctx.Err()
	case err != nil:
		return dst, meta, fmt.Errorf("the value broke off after %d bytes: %w", len(value), err)
	case len(value) > mantisdb.MaxValueLen:
		return dst, meta, fmt.Errorf("%w: the value is longer than any can be", errNoSense)
	}
	return append(dst, value...), meta, nil
}

// metaOf reads the version and the expiry of a value.
func metaOf(header http.Header) (meta mantisdb.Meta, err error) {
	if meta.Version, err = strconv.ParseUint(strings.Trim(header.Get("Etag"), `"`), 10, 64); err != nil {
		return meta, fmt.Errorf("%w: it has no version: %w", errNoSense, err)
	}
	if expires := header.Get("Mantisdb-Expires-At"); expires != "" {
		if meta.ExpiresAt, err = strconv.ParseInt(expires, 10, 64); err != nil {
			return meta, fmt.Errorf("%w: it has a malformed expiry: %w", errNoSense, err)
		}
	}
	return meta, nil
}

// Put stores a value.
func (k *remoteKeyspace) Put(ctx context.Context, key, value []byte, o mantisdb.WriteOptions) error {
	return k.put(ctx, key, value, o, http.Header{})
}

// PutIfAbsent stores a value under the condition that there is none.
func (k *remoteKeyspace) PutIfAbsent(ctx context.Context, key, value []byte, o mantisdb.WriteOptions) (bool, error) {
	err := k.put(ctx, key, value, o, http.Header{"If-None-Match": {"*"}})
	if isProblem(err, http.StatusPreconditionFailed, "key-exists") {
		return false, nil
	}
	return err == nil, err
}

func (k *remoteKeyspace) put(ctx context.Context, key, value []byte, o mantisdb.WriteOptions, header http.Header) error {
	header.Set("Content-Type", "application/octet-stream")
	return k.call(ctx, http.MethodPut, k.entryPath(key)+wire.WriteQuery(o), header, value)
}

// Delete removes a key.
func (k *remoteKeyspace) Delete(ctx context.Context, key []byte, o mantisdb.WriteOptions) error {
	return k.call(ctx, http.MethodDelete, k.entryPath(key)+wire.WriteQuery(o), http.Header{}, nil)
}

// DeleteRange removes the keys of a range.
func (k *remoteKeyspace) DeleteRange(ctx context.Context, r mantisdb.Range, o mantisdb.WriteOptions) error {
	return k.call(ctx, http.MethodDelete, k.path+"/range"+wire.DeletionQuery(r, o), http.Header{}, nil)
}

// isProblem tells whether err is a problem of a status and a kind.
func isProblem(err error, status int, kind string) bool {
	var problem *wire.Problem
	return errors.As(err, &problem) && problem.Status == status && strings.HasSuffix(problem.Type, "#"+kind)
}

// escape is a key or a name as one segment of a path. Dots are escaped too: what is between
// here and the server may take segments of them for steps.
func escape(b []byte) string {
	const digits = "0123456789ABCDEF"
	var path strings.Builder
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
			path.WriteByte(c)
		default:
			path.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return path.String()
}
