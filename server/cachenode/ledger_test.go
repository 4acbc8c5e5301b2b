package cachenode_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// record is what is known of a key, which one goroutine writes and all read. Its values have
// numbers in a row; a removal takes a number, too.
type record struct {
	issued atomic.Int64 // of the newest write that was begun
	acked  atomic.Int64 // of the newest that was acknowledged, by a node that was not cut off
	// expiring is held while the key is about to expire, and shared by touches, which would have its
	// value stay.
	expiring sync.RWMutex
}

// ledger holds what clients read against what they have written.
type ledger struct {
	t       *testing.T
	records []record
	value   string // what all values end with, so that they take room
	// changing tells that nodes come or go, so that old values may be read.
	changing atomic.Bool
	stalls   *stalls

	reads, hits, old, failedWrites atomic.Int64
	slowest                        atomic.Int64 // of all calls, nanoseconds
}

func newLedger(t *testing.T, keys, valueLen int) *ledger {
	return &ledger{t: t, records: make([]record, keys), value: strings.Repeat("v", valueLen), stalls: watchStalls(t)}
}

// door is a node by which clients use the cache.
type door struct {
	*redis.Client
	// cutOff tells that the node may be cut off from others: what it acknowledges may be lost, and
	// what it reads old.
	cutOff atomic.Bool
	// mayRefuse tells that it was: others may give it up some seconds after the network is whole, and
	// it refuses everything then until it is back.
	mayRefuse atomic.Bool
}

// load has clients read and write by the doors that pick returns, until the test calls end, or
// is over.
func (l *ledger) load(clients int, pick func(i int) *door) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for c := range clients {
		running.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(c)))
			for turn := 0; ctx.Err() == nil; turn++ {
				own := random.IntN(len(l.records)/clients)*clients + c
				l.write(pick(turn), own, changes[random.IntN(len(changes))])
				l.touch(pick(random.IntN(1000)), random.IntN(len(l.records)))
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

// change is what a write does to its key. It returns whether it was done.
type change func(ctx context.Context, client *redis.Client, r *record, key, value string) (bool, error)

// changes are what clients choose from: mostly a SET.
var changes = append([]change{del, expireAtOnce, expireSoon, setIfAbsent, setIfPresent}, slices.Repeat([]change{set}, 15)...)

func set(ctx context.Context, client *redis.Client, _ *record, key, value string) (bool, error) {
	return true, client.Set(ctx, key, value, 0).Err()
}

func setIfAbsent(ctx context.Context, client *redis.Client, _ *record, key, value string) (bool, error) {
	return client.SetNX(ctx, key, value, 0).Result()
}

func setIfPresent(ctx context.Context, client *redis.Client, _ *record, key, value string) (bool, error) {
	return client.SetXX(ctx, key, value, 0).Result()
}

func del(ctx context.Context, client *redis.Client, _ *record, key, _ string) (bool, error) {
	return true, client.Del(ctx, key).Err()
}

func expireAtOnce(ctx context.Context, client *redis.Client, _ *record, key, _ string) (bool, error) {
	return true, client.Expire(ctx, key, -time.Second).Err()
}

// expireSoon returns when the key has expired. It does nothing while somebody touches the key.
func expireSoon(ctx context.Context, client *redis.Client, r *record, key, _ string) (bool, error) {
	const soon = 10 * time.Millisecond
	if !r.expiring.TryLock() {
		return false, nil
	}
	defer r.expiring.Unlock()
	err := client.PExpire(ctx, key, soon).Err()
	time.Sleep(2 * soon)
	return true, err
}

// callTime is far more than a node takes to give an owner up, as machines may be busy.
const callTime = 30 * time.Second

func (l *ledger) write(by *door, key int, do change) {
	ctx, done := l.call()
	defer done()
	r, cutOff := &l.records[key], by.cutOff.Load()
	number := r.issued.Add(1)
	did, err := do(ctx, by.Client, r, keyName(key), fmt.Sprintf("%s %d %s", keyName(key), number, l.value))
	switch {
	case err != nil:
		l.failedWrites.Add(1)
	case did && !cutOff && !by.cutOff.Load():
		r.acked.Store(number)
	}
}

// touch changes when a key expires, to far away or never, which is to leave its value alone.
func (l *ledger) touch(by *door, key int) {
	r := &l.records[key]
	if !r.expiring.TryRLock() {
		return
	}
	defer r.expiring.RUnlock()
	ctx, done := l.call()
	defer done()
	if key%2 == 0 {
		by.Expire(ctx, keyName(key), time.Hour)
	} else {
		by.Persist(ctx, keyName(key))
	}
}

// call is the context of a call, whose time is noted when it is done.
func (l *ledger) call() (ctx context.Context, done func()) {
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	began, stood := time.Now(), l.stalls.total.Load()
	return ctx, func() {
		cancel()
		took := time.Since(began)
		if took > stall {
			time.Sleep(2 * tick) // until a stall was noticed
		}
		l.note(took - time.Duration(l.stalls.total.Load()-stood))
	}
}

// note has a call count for the slowest.
func (l *ledger) note(took time.Duration) {
	for slowest := l.slowest.Load(); int64(took) > slowest && !l.slowest.CompareAndSwap(slowest, int64(took)); slowest = l.slowest.Load() {
	}
}

func keyName(key int) string { return fmt.Sprintf("key/%d", key) }

// read fails the test on a value that was not written to the key, and on one older than what was
// acknowledged before the read began, unless nodes come or go meanwhile.
func (l *ledger) read(by *door, key int) {
	ctx, done := l.call()
	defer done()
	r, changing := &l.records[key], l.mayBeOld(by)
	acked := r.acked.Load()
	text, err := by.Get(ctx, keyName(key)).Result()
	l.reads.Add(1)
	if err != nil {
		refused := strings.HasPrefix(err.Error(), "CLUSTERDOWN") && by.mayRefuse.Load()
		if !errors.Is(err, redis.Nil) && !refused && !changing && !l.mayBeOld(by) {
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
		if !changing && !l.mayBeOld(by) {
			l.t.Errorf("key %d has its value %d, and %d was acknowledged", key, number, acked)
		}
	}
}

// mayBeOld tells whether a door may read old values at this moment, or nothing at all.
func (l *ledger) mayBeOld(by *door) bool {
	return l.changing.Load() || by.cutOff.Load() || l.stalls.upset()
}

// hitRatio is that of the reads of a while.
func (l *ledger) hitRatio(d time.Duration) float64 {
	reads, hits := l.reads.Load(), l.hits.Load()
	time.Sleep(d)
	return float64(l.hits.Load()-hits) / float64(max(l.reads.Load()-reads, 1))
}
