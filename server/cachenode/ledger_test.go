package cachenode_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// record is what is known of a key, which one goroutine writes and all read. Its values have
// numbers in a row; a deletion takes a number, too.
type record struct {
	issued atomic.Int64 // of the newest write that was begun
	acked  atomic.Int64 // of the newest that was acknowledged
}

// ledger holds what clients read against what they have written.
type ledger struct {
	t       *testing.T
	records []record
	value   string // what all values end with, so that they take room
	// changing tells that nodes come or go, so that old values may be read.
	changing atomic.Bool

	reads, hits, old, failedWrites atomic.Int64
}

func newLedger(t *testing.T, keys, valueLen int) *ledger {
	return &ledger{t: t, records: make([]record, keys), value: strings.Repeat("v", valueLen)}
}

// load has clients read and write by the nodes that pick returns, until the test calls end, or
// is over.
func (l *ledger) load(clients int, pick func(i int) *redis.Client) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for c := range clients {
		running.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(c)))
			for turn := 0; ctx.Err() == nil; turn++ {
				own := random.IntN(len(l.records)/clients)*clients + c
				l.write(pick(turn), own, random.IntN(10) == 0)
				for range 3 {
					l.read(pick(random.IntN(1000)), random.IntN(len(l.records)))
				}
			}
		})
	}
	end = func() {
		cancel()
		running.Wait()
	}
	l.t.Cleanup(end)
	return end
}

// callTime is far more than a node takes to give an owner up, as machines may be busy.
const callTime = 30 * time.Second

func (l *ledger) write(client *redis.Client, key int, remove bool) {
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	r := &l.records[key]
	number := r.issued.Add(1)
	var err error
	if remove {
		err = client.Del(ctx, keyName(key)).Err()
	} else {
		err = client.Set(ctx, keyName(key), fmt.Sprintf("%s %d %s", keyName(key), number, l.value), 0).Err()
	}
	if err != nil {
		l.failedWrites.Add(1)
		return
	}
	r.acked.Store(number)
}

func keyName(key int) string { return fmt.Sprintf("key/%d", key) }

// read fails the test on a value that was not written to the key, and on one older than what was
// acknowledged before the read began, unless nodes come or go meanwhile.
func (l *ledger) read(client *redis.Client, key int) {
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	r, changing := &l.records[key], l.changing.Load()
	acked := r.acked.Load()
	text, err := client.Get(ctx, keyName(key)).Result()
	l.reads.Add(1)
	if err != nil {
		if !errors.Is(err, redis.Nil) && !changing && !l.changing.Load() {
			l.t.Errorf("key %d: %v", key, err)
		}
		return
	}
	var name, rest string
	var number int64
	if _, err := fmt.Sscanf(text, "%s %d %s", &name, &number, &rest); err != nil || name != keyName(key) || rest != l.value || number > r.issued.Load() {
		l.t.Errorf("key %d has a value that was never put there: %.60q", key, text)
		return
	}
	l.hits.Add(1)
	if number < acked {
		l.old.Add(1)
		if !changing && !l.changing.Load() {
			l.t.Errorf("key %d has its value %d, and %d was acknowledged", key, number, acked)
		}
	}
}

// hitRatio is that of the reads of a while.
func (l *ledger) hitRatio(d time.Duration) float64 {
	reads, hits := l.reads.Load(), l.hits.Load()
	time.Sleep(d)
	return float64(l.hits.Load()-hits) / float64(max(l.reads.Load()-reads, 1))
}
