package main

import (
	"context"
	"net/http"
	"sync"

	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// requestsAtOnce is how many requests a batch is written by at the same time.
const requestsAtOnce = 16

// remoteBatch is written by one request for each shard, each atomically.
type remoteBatch struct {
	remote *remote
	parts  []wire.BatchBuilder
}

func (r *remote) newBatch() batch {
	return &remoteBatch{remote: r, parts: make([]wire.BatchBuilder, r.shards)}
}

func (b *remoteBatch) add(rec *wire.Record) error {
	b.parts[cluster.ShardOf(cluster.Slot(rec.Key), len(b.parts))].AddPut(rec)
	return nil
}

func (b *remoteBatch) len() (n int) {
	for i := range b.parts {
		n += b.parts[i].Len()
	}
	return n
}

func (b *remoteBatch) size() (n int) {
	for i := range b.parts {
		n += b.parts[i].Size()
	}
	return n
}

func (b *remoteBatch) reset() {
	for i := range b.parts {
		b.parts[i].Reset()
	}
}

func (b *remoteBatch) write(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	room := make(chan struct{}, requestsAtOnce)
	var all sync.WaitGroup
	for i := range b.parts {
		if b.parts[i].Len() == 0 {
			continue
		}
		room <- struct{}{}
		all.Go(func() {
			if err := b.remote.call(ctx, http.MethodPost, apiPath+"/kv/batch", jsonBody(), b.parts[i].JSON()); err != nil {
				cancel(err) // the first is the cause
			}
			<-room
		})
	}
	all.Wait()
	return context.Cause(ctx)
}
