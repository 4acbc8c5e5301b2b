package main

import (
	"context"
	"errors"
	"iter"
	"math"
	"net/http"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
)

func (k *remoteKeyspace) scan(ctx context.Context, r mantisdb.Range, limit uint64) iter.Seq2[mantisdb.Entry, error] {
	r.Limit = int(min(limit, math.MaxInt))
	return func(yield func(mantisdb.Entry, error) bool) {
		resp, err := k.send(ctx, http.MethodGet, k.path+"/scan"+wire.ScanQuery(r), http.Header{}, nil)
		if err == nil {
			defer resp.Body.Close()
			err = wire.ReadScan(resp.Body, r, func(entry mantisdb.Entry) error {
				if !yield(entry, nil) {
					return errStopped
				}
				return nil
			})
		}
		if errors.Is(err, errStopped) {
			return
		}
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		if err != nil {
			yield(mantisdb.Entry{}, err)
		}
	}
}

// errStopped: whoever asked for entries wants no more of them.
var errStopped = errors.New("stopped")
