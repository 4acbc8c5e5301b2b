package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
)

func (k *remoteKeyspace) scan(ctx context.Context, r mantisdb.Range, limit uint64) iter.Seq2[mantisdb.Entry, error] {
	return func(yield func(mantisdb.Entry, error) bool) {
		resp, err := k.send(ctx, http.MethodGet, k.path+"/scan"+scanQuery(r, limit), http.Header{}, nil)
		if err == nil {
			defer resp.Body.Close()
			err = readScan(resp.Body, r.KeysOnly, limit, yield)
		}
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(mantisdb.Entry{}, err)
		}
	}
}

// scanQuery is the query of a scan, with its question mark.
func scanQuery(r mantisdb.Range, limit uint64) string {
	query := boundsQuery(r)
	if r.Reverse {
		query.Set("reverse", "true")
	}
	if r.KeysOnly {
		query.Set("keys_only", "true")
	}
	if limit != 0 {
		query.Set("limit", strconv.FormatUint(limit, 10))
	}
	return queryOf(query)
}

// boundsQuery are the bounds of a range as parameters of a query.
func boundsQuery(r mantisdb.Range) url.Values {
	query := url.Values{}
	if len(r.Start) > 0 {
		query.Set("start", string(r.Start))
	}
	if r.End != nil {
		query.Set("end", string(r.End))
	}
	return query
}

// errStopped: whoever asked for entries wants no more of them.
var errStopped = errors.New("stopped")

// readScan yields the entries of a scan's stream, which must have its end.
func readScan(r io.Reader, keysOnly bool, limit uint64, yield func(mantisdb.Entry, error) bool) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var d wire.Decoder
	parse := (*wire.Decoder).Line
	if keysOnly {
		parse = (*wire.Decoder).KeyLine
	}
	for count := uint64(0); lines.Scan(); count++ {
		end, last, err := wire.ParseScanEnd(lines.Bytes())
		if err != nil {
			return fmt.Errorf("the server ended the scan: %w", err)
		}
		if last {
			if end.Count != count || end.NextCursor != nil && count != limit {
				return fmt.Errorf("the server sent %d entries and speaks of %d", count, end.Count)
			}
			return nil
		}
		rec, err := parse(&d, lines.Bytes())
		if err != nil {
			return fmt.Errorf("the server sent a line that is no entry: %w", err)
		}
		entry := mantisdb.Entry{Key: rec.Key, Value: rec.Value, Meta: mantisdb.Meta{Version: rec.Version, ExpiresAt: rec.ExpiresAt}}
		if !yield(entry, nil) {
			return errStopped
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("the scan broke off: %w", err)
	}
	return errors.New("the scan broke off: the server sent no last line")
}
