package cache_test

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/cache"
)

type point struct{ X, Y int }

func TestTyped(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		points := cache.NewTyped(c, cache.Prefixed[int]{Prefix: "p/", Codec: cache.Int[int]{}}, cache.JSON[point]{})
		names := cache.NewTyped(c, cache.Prefixed[string]{Prefix: "n/", Codec: cache.String{}}, cache.String{})

		ok(t, points.Set(1, point{2, 3}))
		ok(t, points.SetTTL(2, point{4, 5}, time.Hour))
		ok(t, names.Set("one", "eins"))
		if got, err := points.Get(1); err != nil || got != (point{2, 3}) {
			t.Fatalf("Get = %v, %v", got, err)
		}
		_, err := points.Get(3)
		wantErr(t, "Get of nothing", err, cache.ErrNotFound)
		values, found, err := points.GetMany(1, 3, 2)
		if err != nil || values[0] != (point{2, 3}) || found[1] || !found[2] || values[2] != (point{4, 5}) {
			t.Fatalf("GetMany = %v, %v, %v", values, found, err)
		}
		if stored, err := points.SetIfAbsent(1, point{}, cache.EntryOptions{}); err != nil || stored {
			t.Fatalf("SetIfAbsent = %v, %v", stored, err)
		}
		cache.Step(c, 2*time.Hour)
		if has, err := points.Has(2); err != nil || has {
			t.Fatalf("Has of what has expired = %v, %v", has, err)
		}
		if deleted, err := points.Delete(1); err != nil || !deleted {
			t.Fatalf("Delete = %v, %v", deleted, err)
		}
		ok(t, points.Set(1, point{}))
		wantDeleted(t, 1)(c.DeletePrefix([]byte("p/")))
		if got, err := names.Get("one"); err != nil || got != "eins" {
			t.Fatalf("Get = %q, %v", got, err)
		}
	})
}

// TestTypedGetOrLoad: those who wait for one load have values of their own.
func TestTypedGetOrLoad(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		lists := cache.NewTyped(open(t, cache.Options{}), cache.String{}, cache.JSON[[]int]{})
		var waiters sync.WaitGroup
		for i := range 8 {
			waiters.Go(func() {
				list, err := lists.GetOrLoad(t.Context(), "key", func(context.Context, string) ([]int, cache.EntryOptions, error) {
					time.Sleep(time.Millisecond)
					return []int{1, 2}, cache.EntryOptions{}, nil
				})
				if err != nil || len(list) != 2 || list[0] != 1 {
					t.Errorf("GetOrLoad = %v, %v", list, err)
					return
				}
				list[0] = 100 + i
			})
		}
		waiters.Wait()
		broken := errors.New("broken")
		_, err := lists.GetOrLoad(t.Context(), "other", func(context.Context, string) ([]int, cache.EntryOptions, error) {
			return nil, cache.EntryOptions{}, broken
		})
		wantErr(t, "GetOrLoad", err, broken)
	})
}

func TestCodecs(t *testing.T) {
	roundTrip(t, cache.String{}, "", "text", "\x00\xff")
	roundTrip(t, cache.Int[int64]{}, 0, -1, math.MinInt64, math.MaxInt64)
	roundTrip(t, cache.Int[int8]{}, 0, -1, math.MinInt8, math.MaxInt8)
	roundTrip(t, cache.Int[uint64]{}, 0, math.MaxUint64)
	roundTrip(t, cache.Int[time.Duration]{}, time.Hour, -time.Hour)
	roundTrip(t, cache.Binary[netip.Addr, *netip.Addr]{}, netip.MustParseAddr("::1"), netip.MustParseAddr("10.0.0.1"))
	roundTrip(t, cache.JSON[point]{}, point{}, point{1, -2})
	roundTrip(t, cache.Prefixed[string]{Prefix: "p", Codec: cache.String{}}, "", "text")

	_, err := cache.Int[int8]{}.Decode([]byte{0, 0, 0, 0, 0, 0, 1, 0})
	wantErr(t, "256 as int8", err, cache.ErrCodec)
	_, err = cache.Int[int]{}.Decode([]byte("short"))
	wantErr(t, "5 bytes as int", err, cache.ErrCodec)
	_, err = cache.JSON[point]{}.Decode([]byte("{"))
	wantErr(t, "half of JSON", err, cache.ErrCodec)
	_, err = cache.Binary[netip.Addr, *netip.Addr]{}.Decode([]byte("odd"))
	wantErr(t, "an odd address", err, cache.ErrCodec)
	_, err = cache.Prefixed[string]{Prefix: "p", Codec: cache.String{}}.Decode([]byte("q"))
	wantErr(t, "another prefix", err, cache.ErrCodec)
}

func roundTrip[T comparable](t *testing.T, codec cache.Codec[T], values ...T) {
	t.Helper()
	for _, value := range values {
		p, err := codec.Append([]byte("before"), value)
		if err != nil || string(p[:6]) != "before" {
			t.Fatalf("%T: Append(%v) = %q, %v", codec, value, p, err)
		}
		if got, err := codec.Decode(p[6:]); err != nil || got != value {
			t.Fatalf("%T: %v became %v, %v", codec, value, got, err)
		}
	}
}
