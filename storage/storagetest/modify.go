package storagetest

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

var modifyTests = []test{
	{"CompareValue", testCompareValue},
	{"CompareVersion", testCompareVersion},
	{"ExchangeAndTake", testExchangeAndTake},
	{"Increment", testIncrement},
	{"Append", testAppend},
	{"Expire", testExpire},
	{"ModifyRefuses", testModifyRefuses},
	{"IncrementLosesNothing", testIncrementRace},
	{"AppendLosesNothing", testAppendRace},
	{"TakeHasOneWinner", testTakeRace},
}

func modify(t testing.TB, e storage.Engine, key string, m storage.Modification, expiresAt int64) (string, storage.Modified) {
	t.Helper()
	before, done, err := e.Modify([]byte("dst"), []byte(key), m, storage.WriteOptions{ExpiresAt: expiresAt})
	ok(t, err)
	if !strings.HasPrefix(string(before), "dst") {
		t.Fatalf("Modify returned %s, which does not begin with dst", show(before))
	}
	return string(before[3:]), done
}

func compareValue(expected, value string) storage.Modification {
	return storage.Modification{Kind: storage.CompareValue, Expected: []byte(expected), Value: []byte(value)}
}

func testCompareValue(t *testing.T, b *bench) {
	e := b.engine(t)
	if _, done := modify(t, e, "k", compareValue("", "v"), 0); done.Version != 0 || done.Existed {
		t.Fatalf("a key without a value was taken for one with an empty value: %+v", done)
	}
	wantAbsent(t, e, "k")
	first := put(t, e, "k", "one")
	if _, done := modify(t, e, "k", compareValue("on", "v"), 0); done.Version != 0 || !done.Existed || done.Before.Version != first {
		t.Fatalf("another value: %+v", done)
	}
	wantValue(t, e, "k", "one")
	expiry := inMillis(1e9)
	_, done := modify(t, e, "k", compareValue("one", "two"), expiry)
	if done.Version <= first {
		t.Fatalf("the new version %d is not above %d", done.Version, first)
	}
	wantValue(t, e, "k", "two")
	if _, meta, _ := e.AppendGetMeta(nil, []byte("k")); meta != (storage.Meta{Version: done.Version, ExpiresAt: expiry}) {
		t.Fatalf("the value has %+v, want version %d and expiry %d", meta, done.Version, expiry)
	}
	putExpiring(t, e, "k", "gone", 1)
	if _, done := modify(t, e, "k", compareValue("gone", "v"), 0); done.Version != 0 || done.Existed {
		t.Fatalf("an expired value was found: %+v", done)
	}
}

func testCompareVersion(t *testing.T, b *bench) {
	e := b.engine(t)
	swap := func(version uint64, value string) uint64 {
		t.Helper()
		m := storage.Modification{Kind: storage.CompareVersion, Version: version, Value: []byte(value)}
		_, done := modify(t, e, "k", m, 0)
		return done.Version
	}
	if swap(1, "v") != 0 {
		t.Fatal("stored over no value, though a version was expected")
	}
	first := swap(0, "one")
	if first == 0 {
		t.Fatal("not stored, though there was no value")
	}
	if swap(0, "v") != 0 || swap(first+1, "v") != 0 {
		t.Fatal("stored over another version")
	}
	wantValue(t, e, "k", "one")
	second := swap(first, "two")
	if second <= first {
		t.Fatalf("the version went from %d to %d", first, second)
	}
	remove(t, e, "k")
	if swap(second, "v") != 0 {
		t.Fatal("stored over a deleted value")
	}
	if swap(0, "three") == 0 {
		t.Fatal("not stored after a deletion")
	}
	wantValue(t, e, "k", "three")
}

func testExchangeAndTake(t *testing.T, b *bench) {
	e := b.engine(t)
	exchange := func(value string) storage.Modification {
		return storage.Modification{Kind: storage.Exchange, Value: []byte(value)}
	}
	take := storage.Modification{Kind: storage.Take}
	if before, done := modify(t, e, "k", take, 0); before != "" || done != (storage.Modified{}) {
		t.Fatalf("took %s of a key without a value: %+v", show(before), done)
	}
	if before, done := modify(t, e, "k", exchange("one"), 0); before != "" || done.Existed || done.Version == 0 {
		t.Fatalf("there was %s before: %+v", show(before), done)
	}
	for _, n := range []int{0, 1, 100, 511, 512, 513, 100_000} {
		value := string(filler(n, uint64(n)))
		version := put(t, e, "k", value)
		before, done := modify(t, e, "k", exchange("next"), 0)
		if before != value || !done.Existed || done.Before.Version != version {
			t.Fatalf("exchange gave %s, %+v, want %s of version %d", show(before), done, show(value), version)
		}
		wantValue(t, e, "k", "next")
		put(t, e, "k", value)
		if before, done := modify(t, e, "k", take, 0); before != value || done.Version == 0 {
			t.Fatalf("took %s, %+v, want %s", show(before), done, show(value))
		}
		wantAbsent(t, e, "k")
	}
}

func increment(by int64) storage.Modification {
	return storage.Modification{Kind: storage.Increment, By: by}
}

func testIncrement(t *testing.T, b *bench) {
	e := b.engine(t)
	want := int64(0)
	for _, by := range []int64{1, 1, -5, 0, math.MaxInt64, 3, math.MinInt64, -1, math.MaxInt64} {
		_, done := modify(t, e, "n", increment(by), 0)
		if want += by; done.Number != want || done.Version == 0 {
			t.Fatalf("the sum is %d, %+v, want %d", done.Number, done, want)
		}
		wantValue(t, e, "n", fmt.Sprint(want))
	}
	for start, by := range map[string]int64{"9223372036854775807": 1, "-9223372036854775808": -1, "1": math.MaxInt64, "-2": math.MinInt64} {
		put(t, e, "n", start)
		_, _, err := e.Modify(nil, []byte("n"), increment(by), storage.WriteOptions{})
		wantErr(t, start, err, storage.ErrOverflow)
		wantValue(t, e, "n", start)
	}
	for _, text := range []string{"", " 1", "1 ", "+1", "01", "-0", "1.0", "x", "9223372036854775808", "-", "٣"} {
		put(t, e, "n", text)
		_, _, err := e.Modify(nil, []byte("n"), increment(1), storage.WriteOptions{})
		wantErr(t, show(text), err, storage.ErrNotANumber)
		wantValue(t, e, "n", text)
	}
	expiry := inMillis(1e9)
	putExpiring(t, e, "n", "41", expiry)
	modify(t, e, "n", increment(1), 0)
	if _, meta, _ := e.AppendGetMeta(nil, []byte("n")); meta.ExpiresAt != expiry {
		t.Fatalf("the expiry became %d, want %d kept", meta.ExpiresAt, expiry)
	}
	putExpiring(t, e, "n", "41", 1)
	if _, done := modify(t, e, "n", increment(1), 0); done.Number != 1 {
		t.Fatalf("an expired number was counted up to %d", done.Number)
	}
	if _, meta, _ := e.AppendGetMeta(nil, []byte("n")); meta.ExpiresAt != 0 {
		t.Fatalf("the expiry of an expired value was kept: %d", meta.ExpiresAt)
	}
}

func testAppend(t *testing.T, b *bench) {
	e := b.engine(t)
	want := ""
	for i := range 40 {
		suffix := string(filler(i*7%50, uint64(i)))
		_, done := modify(t, e, "k", storage.Modification{Kind: storage.Append, Value: []byte(suffix)}, 0)
		if want += suffix; done.Number != int64(len(want)) {
			t.Fatalf("the length is %d, want %d", done.Number, len(want))
		}
		wantValue(t, e, "k", want)
	}
	put(t, e, "k", string(filler(storage.MaxValueLen-1, 1)))
	_, _, err := e.Modify(nil, []byte("k"), storage.Modification{Kind: storage.Append, Value: []byte("ab")}, storage.WriteOptions{})
	wantErr(t, "a value that becomes too long", err, storage.ErrValueTooLarge)
	if _, done := modify(t, e, "k", storage.Modification{Kind: storage.Append, Value: []byte("a")}, 0); done.Number != storage.MaxValueLen {
		t.Fatalf("the length is %d, want %d", done.Number, storage.MaxValueLen)
	}
}

func testExpire(t *testing.T, b *bench) {
	e := b.engine(t)
	expire := storage.Modification{Kind: storage.Expire}
	if _, done := modify(t, e, "k", expire, inMillis(1e6)); done.Version != 0 {
		t.Fatal("a key without a value was given an expiry")
	}
	put(t, e, "k", "v")
	expiry := inMillis(1e9)
	for _, at := range []int64{expiry, 0, expiry} {
		modify(t, e, "k", expire, at)
		value, meta, err := e.AppendGetMeta(nil, []byte("k"))
		if err != nil || string(value) != "v" || meta.ExpiresAt != at {
			t.Fatalf("%s, %+v, %v, want v with the expiry %d", show(value), meta, err, at)
		}
	}
	soon := inMillis(20)
	modify(t, e, "k", expire, soon)
	waitPast(soon)
	wantAbsent(t, e, "k")
	if _, done := modify(t, e, "k", expire, 0); done.Version != 0 {
		t.Fatal("an expired value came back")
	}
	wantAbsent(t, e, "k")
}

func testModifyRefuses(t *testing.T, b *bench) {
	e := b.engine(t)
	type bad struct {
		key  string
		m    storage.Modification
		o    storage.WriteOptions
		want error
	}
	for name, c := range map[string]bad{
		"an empty key":          {"", increment(1), storage.WriteOptions{}, storage.ErrKeyEmpty},
		"a long key":            {string(make([]byte, storage.MaxKeyLen+1)), increment(1), storage.WriteOptions{}, storage.ErrKeyTooLarge},
		"no kind":               {"k", storage.Modification{}, storage.WriteOptions{}, storage.ErrInvalidOptions},
		"an unknown kind":       {"k", storage.Modification{Kind: 99}, storage.WriteOptions{}, storage.ErrInvalidOptions},
		"a long value":          {"k", storage.Modification{Kind: storage.Exchange, Value: make([]byte, storage.MaxValueLen+1)}, storage.WriteOptions{}, storage.ErrValueTooLarge},
		"an increment's TTL":    {"k", increment(1), storage.WriteOptions{ExpiresAt: 1}, storage.ErrInvalidOptions},
		"a negative expiry":     {"k", storage.Modification{Kind: storage.Expire}, storage.WriteOptions{ExpiresAt: -1}, storage.ErrInvalidOptions},
		"an unknown durability": {"k", increment(1), storage.WriteOptions{Durability: 99}, storage.ErrInvalidOptions},
	} {
		_, _, err := e.Modify(nil, []byte(c.key), c.m, c.o)
		wantErr(t, name, err, c.want)
	}
	wantAbsent(t, e, "k")
}

func (b *bench) rounds(inMemory, onDisk int) int {
	if b.onDisk {
		return scaled(onDisk)
	}
	return scaled(inMemory)
}

// testIncrementRace has many count one number up, while others overwrite another.
func testIncrementRace(t *testing.T, b *bench) {
	e := b.engine(t)
	const counters = 8
	rounds := b.rounds(5000, 200)
	var wg sync.WaitGroup
	for range counters {
		wg.Go(func() {
			last := int64(0)
			for range rounds {
				_, done, err := e.Modify(nil, []byte("n"), increment(1), storage.WriteOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				if done.Number <= last {
					t.Errorf("the number went from %d to %d", last, done.Number)
					return
				}
				last = done.Number
			}
		})
	}
	wg.Wait()
	wantValue(t, e, "n", fmt.Sprint(counters*rounds))
}

// testAppendRace appends tokens of one letter each from several sides: each side's
// tokens must all be there, whole and in order.
func testAppendRace(t *testing.T, b *bench) {
	e := b.engine(t)
	rounds := b.rounds(400, 60)
	var wg sync.WaitGroup
	for side := range 6 {
		wg.Go(func() {
			for i := range rounds {
				token := fmt.Sprintf("%c%d.%s;", 'a'+side, i, strings.Repeat("x", i%90))
				_, _, err := e.Modify(nil, []byte("k"), storage.Modification{Kind: storage.Append, Value: []byte(token)}, storage.WriteOptions{})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	value, err := e.AppendGet(nil, []byte("k"))
	ok(t, err)
	next := map[byte]int{}
	for token := range strings.SplitSeq(strings.TrimSuffix(string(value), ";"), ";") {
		side := token[0]
		i := next[side]
		if want := fmt.Sprintf("%c%d.%s", side, i, strings.Repeat("x", i%90)); token != want {
			t.Fatalf("found %s, want %s", show(token), show(want))
		}
		next[side]++
	}
	for side := range byte(6) {
		if next['a'+side] != rounds {
			t.Fatalf("%d tokens of %c, want %d", next['a'+side], 'a'+side, rounds)
		}
	}
}

// testTakeRace has many take one value, while it is put again and again: each value
// is taken once.
func testTakeRace(t *testing.T, b *bench) {
	e := b.engine(t)
	rounds := b.rounds(3000, 200)
	var taken sync.Map
	var count atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !stop.Load() {
				before, done, err := e.Modify(nil, []byte("k"), storage.Modification{Kind: storage.Take}, storage.WriteOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				if done.Version == 0 {
					continue
				}
				if _, again := taken.LoadOrStore(string(before), true); again {
					t.Errorf("%s was taken twice", show(before))
				}
				count.Add(1)
			}
		})
	}
	for i := range rounds {
		for {
			m := storage.Modification{Kind: storage.CompareVersion, Value: fmt.Append(nil, i)}
			_, done, err := e.Modify(nil, []byte("k"), m, storage.WriteOptions{})
			ok(t, err)
			if done.Version != 0 {
				break
			}
		}
	}
	eventually(t, "the last value is taken", func() bool {
		has, err := e.Has([]byte("k"))
		ok(t, err)
		return !has
	})
	stop.Store(true)
	wg.Wait()
	if count.Load() != int64(rounds) {
		t.Fatalf("%d values were taken, %d were put", count.Load(), rounds)
	}
}
