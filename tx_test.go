package mantisdb_test

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// eachEngineInDir is eachEngine in a new directory.
func eachEngineInDir(t *testing.T, o mantisdb.Options, test func(t *testing.T, db *mantisdb.DB)) {
	for _, o.Engine = range []string{mantisdb.EngineRust, mantisdb.EngineGo} {
		db, err := mantisdb.Open(t.TempDir(), &o)
		if errors.Is(err, mantisdb.ErrEngineNotBuilt) {
			continue
		}
		ok(t, err)
		t.Run(o.Engine, func(t *testing.T) {
			defer func() { ok(t, db.Close()) }()
			test(t, db)
		})
	}
}

func mustPut(t testing.TB, db *mantisdb.DB, key, value string) {
	t.Helper()
	ok(t, db.Put([]byte(key), []byte(value)))
}

// inTx is a transaction in which nothing may fail.
type inTx struct {
	t testing.TB
	*mantisdb.Tx
}

func beginTx(t testing.TB, db *mantisdb.DB, writable bool) inTx {
	tx := db.Begin(writable)
	t.Cleanup(tx.Discard)
	return inTx{t, tx}
}

func (x inTx) get(key string) string {
	x.t.Helper()
	value, err := x.Get([]byte(key))
	if errors.Is(err, mantisdb.ErrNotFound) {
		return ""
	}
	if err != nil {
		x.t.Fatal(err)
	}
	return string(value)
}

func (x inTx) put(key, value string) {
	x.t.Helper()
	if err := x.Put([]byte(key), []byte(value)); err != nil {
		x.t.Fatal(err)
	}
}

func (x inTx) delete(key string) {
	x.t.Helper()
	if err := x.Delete([]byte(key)); err != nil {
		x.t.Fatal(err)
	}
}

func (x inTx) scan(r mantisdb.Range) []string {
	x.t.Helper()
	var found []string
	scan := x.Scan(r)
	for key, value := range scan.All() {
		found = append(found, string(key)+"="+string(value))
	}
	if err := scan.Err(); err != nil {
		x.t.Fatal(err)
	}
	return found
}

func TestTxSeesItsOwnWrites(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		for _, key := range []string{"a", "b", "c"} {
			mustPut(t, db, key, "old")
		}
		x := beginTx(t, db, true)
		x.put("b", "new")
		x.delete("c")
		x.put("d", "new")
		x.put("d", "newer")
		if err := x.PutExpiresAt([]byte("e"), []byte("expired"), 1); err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]string{"a": "old", "b": "new", "c": "", "d": "newer", "e": ""} {
			if got := x.get(key); got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
			if has, err := x.Has([]byte(key)); err != nil || has != (want != "") {
				t.Errorf("Has(%s) = %v, %v", key, has, err)
			}
		}
		mustPut(t, db, "z", "later")
		all := []string{"a=old", "b=new", "d=newer"}
		for r, want := range map[*mantisdb.Range][]string{
			{}:                                       all,
			{Start: []byte("b")}:                     all[1:],
			{End: []byte("b")}:                       all[:1],
			{Start: []byte("b"), End: []byte("c")}:   all[1:2],
			{Start: []byte("c"), End: []byte("cc")}:  nil,
			{Start: []byte("aa"), End: []byte("dd")}: all[1:],
		} {
			if got := x.scan(*r); !slices.Equal(got, want) {
				t.Errorf("scan of %q to %q: %q, want %q", r.Start, r.End, got, want)
			}
			r.Reverse = true
			slices.Reverse(want)
			if got := x.scan(*r); !slices.Equal(got, want) {
				t.Errorf("reverse scan of %q to %q: %q, want %q", r.Start, r.End, got, want)
			}
			slices.Reverse(want)
		}
		if got := beginTx(t, db, false).get("d"); got != "" {
			t.Errorf("another transaction sees %q, which is not committed", got)
		}
	})
}

// A deletion of all keys is none of what is no key.
func TestTxReadsOfNoKey(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		x := beginTx(t, db, true)
		ok(t, x.DeleteRange(mantisdb.Range{}))
		_, err := x.Get(nil)
		wantErr(t, "Get", err, mantisdb.ErrKeyEmpty)
		_, err = x.Has(make([]byte, mantisdb.MaxKeyLen+1))
		wantErr(t, "Has", err, mantisdb.ErrKeyTooLarge)
	})
}

func TestTxManyWrites(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		model := map[string]string{}
		random := rand.New(rand.NewPCG(1, 2))
		for i := range 50 {
			key := fmt.Sprintf("%03d", random.IntN(300))
			model[key] = fmt.Sprint("stored ", i)
			mustPut(t, db, key, model[key])
		}
		x := beginTx(t, db, true)
		for i := range 400 {
			key := fmt.Sprintf("%03d", random.IntN(300))
			switch random.IntN(12) {
			case 0, 1, 2:
				delete(model, key)
				x.delete(key)
			case 3:
				end := fmt.Sprintf("%03d", random.IntN(300))
				ok(t, x.DeleteRange(mantisdb.Range{Start: []byte(key), End: []byte(end)}))
				maps.DeleteFunc(model, func(k, _ string) bool { return key <= k && k < end })
			default:
				model[key] = fmt.Sprint("written ", i)
				x.put(key, model[key])
			}
			if i%40 == 0 {
				compareScan(t, x.scan, model, random)
			}
			probe := fmt.Sprintf("%03d", random.IntN(300))
			if got := x.get(probe); got != model[probe] {
				t.Fatalf("%s is %q, want %q", probe, got, model[probe])
			}
		}
		if err := x.Commit(); err != nil {
			t.Fatal(err)
		}
		compareScan(t, beginTx(t, db, false).scan, model, random)
	})
}

// compareScan compares scans of some ranges with a model.
func compareScan(t *testing.T, scan func(mantisdb.Range) []string, model map[string]string, random *rand.Rand) {
	t.Helper()
	for range 4 {
		start, end := fmt.Sprintf("%03d", random.IntN(300)), fmt.Sprintf("%03d", random.IntN(301))
		var want []string
		for key, value := range model {
			if key >= start && key < end {
				want = append(want, key+"="+value)
			}
		}
		slices.Sort(want)
		r := mantisdb.Range{Start: []byte(start), End: []byte(end), Reverse: random.IntN(2) == 0}
		if r.Reverse {
			slices.Reverse(want)
		}
		for _, r.Limit = range []int{0, len(want)/2 + 1, len(want), len(want) + 1} {
			some := want
			if r.Limit > 0 {
				some = want[:min(r.Limit, len(want))]
			}
			if got := scan(r); !slices.Equal(got, some) {
				t.Fatalf("scan of %d of %s to %s, reverse %v: %q, want %q", r.Limit, start, end, r.Reverse, got, some)
			}
		}
	}
}

func TestTxWritesABatch(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		for _, key := range []string{"a", "b", "c"} {
			mustPut(t, db, key, "old")
		}
		var b mantisdb.Batch
		ok(t, b.Put([]byte("a"), []byte("batch")))
		ok(t, b.Put([]byte("b"), []byte("batch")))
		ok(t, b.Delete([]byte("c")))
		ok(t, b.PutTTL([]byte("d"), []byte("batch"), time.Hour))
		ok(t, b.PutExpiresAt([]byte("e"), []byte("expired"), 1))
		x := beginTx(t, db, true)
		x.put("a", "before")
		ok(t, x.Write(&b))
		x.put("b", "behind")
		want := []string{"a=batch", "b=behind", "d=batch"}
		if got := x.scan(mantisdb.Range{}); !slices.Equal(got, want) {
			t.Errorf("the transaction sees %q, want %q", got, want)
		}
		ok(t, x.Commit())
		if got := beginTx(t, db, false).scan(mantisdb.Range{}); !slices.Equal(got, want) {
			t.Errorf("it committed %q, want %q", got, want)
		}
		if ttl, err := db.TTL([]byte("d")); err != nil || ttl <= 0 || ttl > time.Hour {
			t.Errorf("d lives %v, %v", ttl, err)
		}
		if b.Len() != 5 {
			t.Errorf("%d operations are left in the batch, want 5", b.Len())
		}
		wantErr(t, "Write of no batch", beginTx(t, db, true).Write(nil), mantisdb.ErrInvalidOptions)
		wantErr(t, "Write of one that only reads", beginTx(t, db, false).Write(&b), mantisdb.ErrReadOnly)
		wantErr(t, "Write of one that has ended", x.Write(&b), mantisdb.ErrTxDone)
	})
}

func TestTxWritesInALoop(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		for i := range 100 {
			mustPut(t, db, fmt.Sprintf("%03d", i), "old")
		}
		x := beginTx(t, db, true)
		x.put("050x", "own")
		seen := 0
		scan := x.Scan(mantisdb.Range{})
		for key := range scan.All() {
			seen++
			x.put(string(key), "new")
			x.put(string(key)+"y", "behind")
		}
		if err := scan.Err(); err != nil || seen != 101 {
			t.Fatalf("%d keys, %v, want 101: the loop sees what was there when it began", seen, err)
		}
		if err := x.Commit(); err != nil {
			t.Fatal(err)
		}
		if got := len(beginTx(t, db, false).scan(mantisdb.Range{})); got != 202 {
			t.Fatalf("%d keys, want 202", got)
		}
	})
}

func TestTxEnds(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		mustPut(t, db, "k", "v")
		for name, end := range map[string]func(*mantisdb.Tx){
			"Commit":  func(tx *mantisdb.Tx) { ok(t, tx.Commit()) },
			"Discard": func(tx *mantisdb.Tx) { tx.Discard() },
		} {
			x := beginTx(t, db, true)
			x.get("k")
			x.put("k", name)
			end(x.Tx)
			want := "v"
			if name == "Commit" {
				want = name
			}
			if got, err := db.Get([]byte("k")); err != nil || string(got) != want {
				t.Errorf("after %s: %q, %v, want %q", name, got, err, want)
			}
			mustPut(t, db, "k", "v")
			_, err := x.Get([]byte("k"))
			wantErr(t, "Get", err, mantisdb.ErrTxDone)
			wantErr(t, "Put", x.Put([]byte("k"), nil), mantisdb.ErrTxDone)
			wantErr(t, "Delete", x.Delete([]byte("k")), mantisdb.ErrTxDone)
			wantErr(t, "Commit", x.Commit(), mantisdb.ErrTxDone)
			scan := x.Scan(mantisdb.Range{})
			for range scan.All() {
				t.Error("a scan of an ended transaction yields something")
			}
			wantErr(t, "Scan", scan.Err(), mantisdb.ErrTxDone)
			x.Discard()
		}
		wantErr(t, "a write of View", db.View(func(tx *mantisdb.Tx) error {
			return tx.Put([]byte("k"), nil)
		}), mantisdb.ErrReadOnly)
		failure := errors.New("no")
		wantErr(t, "Update", db.Update(func(tx *mantisdb.Tx) error {
			ok(t, tx.Put([]byte("k"), nil))
			return failure
		}), failure)
		if got, err := db.Get([]byte("k")); err != nil || string(got) != "v" {
			t.Errorf("a failed Update has left %q, %v", got, err)
		}
		if stats, err := db.Stats(); err != nil || stats.OpenSnapshots != 0 {
			t.Errorf("%d snapshots are left, %v", stats.OpenSnapshots, err)
		}
	})
}

func TestTxTooLarge(t *testing.T) {
	eachEngineInDir(t, mantisdb.Options{MemoryLimit: mantisdb.MinMemoryLimit}, func(t *testing.T, db *mantisdb.DB) {
		x := beginTx(t, db, true)
		value := make([]byte, 1<<20)
		var err error
		for i := 0; err == nil && i < 1000; i++ {
			err = x.Put(fmt.Append(nil, i), value)
		}
		wantErr(t, "a transaction beyond the memory limit", err, mantisdb.ErrTxTooLarge)
	})
}

func TestUpdateGivesUp(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		tries := 0
		err := db.Update(func(tx *mantisdb.Tx) error {
			tries++
			if _, err := tx.Get([]byte("k")); err != nil && !errors.Is(err, mantisdb.ErrNotFound) {
				return err
			}
			mustPut(t, db, "k", fmt.Sprint(tries))
			return tx.Put([]byte("k"), []byte("mine"))
		})
		wantErr(t, "a transaction that always meets another", err, mantisdb.ErrConflict)
		if tries != 100 {
			t.Errorf("it was tried %d times, want 100", tries)
		}
	})
}

// TestTxNotesOpenLoops commits while a loop is under way: what it has read counts.
func TestTxNotesOpenLoops(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		for _, pulled := range []bool{false, true} {
			mustPut(t, db, "k", "1")
			x := beginTx(t, db, true)
			overwrite := func(value []byte) {
				mustPut(t, db, "k", "2") // another one's, meanwhile
				x.put("k", string(value)+"0")
				wantErr(t, "a commit in a loop", x.Commit(), mantisdb.ErrConflict)
			}
			scan := x.Scan(mantisdb.Range{})
			if pulled {
				next, stop := iter.Pull2(scan.All())
				_, value, _ := next()
				overwrite(value)
				stop()
				continue
			}
			for _, value := range scan.All() {
				overwrite(value)
			}
			wantErr(t, "the loop after its transaction", scan.Err(), mantisdb.ErrTxDone)
		}
	})
}

func TestTxEndsInsideItsLoop(t *testing.T) {
	eachEngineInDir(t, mantisdb.Options{}, func(t *testing.T, db *mantisdb.DB) {
		var batch mantisdb.Batch
		for i := range 5000 {
			ok(t, batch.Put(fmt.Appendf(nil, "%05d", i), fmt.Appendf(nil, "value %d", i)))
		}
		ok(t, db.Write(&batch))
		for _, reverse := range []bool{false, true} {
			x := beginTx(t, db, true)
			x.put("01000", "own")
			seen := 0
			scan := x.Scan(mantisdb.Range{Reverse: reverse})
			for range scan.All() {
				if seen++; seen == 10 {
					x.Discard()
				}
			}
			wantErr(t, "the loop", scan.Err(), mantisdb.ErrTxDone)
			if seen != 10 {
				t.Errorf("the loop went on to %d entries", seen)
			}
		}
	})
}

// TestTxLimitedScanReadsNoMore has another one write behind the last entry of a scan with
// a limit, which is no conflict, and before it, which is one.
func TestTxLimitedScanReadsNoMore(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		for _, key := range []string{"b", "d", "f", "h"} {
			mustPut(t, db, key, "old")
		}
		for _, c := range []struct {
			reverse bool
			key     string
			want    error
		}{
			{false, "e", nil}, {false, "a", mantisdb.ErrConflict}, {false, "d", mantisdb.ErrConflict},
			{true, "e", nil}, {true, "i", mantisdb.ErrConflict}, {true, "f", mantisdb.ErrConflict},
		} {
			x := beginTx(t, db, true)
			if got := len(x.scan(mantisdb.Range{Limit: 2, Reverse: c.reverse})); got != 2 {
				t.Fatalf("a scan of 2 yields %d", got)
			}
			x.put("z/own", "v")
			mustPut(t, db, c.key, "changed")
			if err := x.Commit(); !errors.Is(err, c.want) {
				t.Errorf("reverse %v, %s was written: %v, want %v", c.reverse, c.key, err, c.want)
			}
			for _, extra := range []string{"a", "e", "i", "z/own"} {
				ok(t, db.Delete([]byte(extra)))
			}
		}
	})
}

// TestTxExpiryAfterReclamation reads a value, and commits when it has expired and
// nothing is left of it.
func TestTxExpiryAfterReclamation(t *testing.T) {
	eachEngineInDir(t, mantisdb.Options{}, func(t *testing.T, db *mantisdb.DB) {
		for _, flushed := range []bool{false, true} {
			ok(t, db.PutTTL([]byte("k"), []byte("v"), 300*time.Millisecond))
			if flushed {
				ok(t, db.Compact())
			}
			x := beginTx(t, db, true)
			if len(x.scan(mantisdb.Range{Start: []byte("a"), End: []byte("m")})) == 0 {
				t.Skip("it took too long to come here")
			}
			x.put("out", "k is there")
			time.Sleep(600 * time.Millisecond)
			if flushed {
				ok(t, db.Compact())
			}
			wantErr(t, "a commit", x.Commit(), mantisdb.ErrConflict)
		}
	})
}

func TestTxRefusedWriteIsNotCommitted(t *testing.T) {
	eachEngineInDir(t, mantisdb.Options{MemoryLimit: mantisdb.MinMemoryLimit}, func(t *testing.T, db *mantisdb.DB) {
		x := beginTx(t, db, true)
		value := make([]byte, 6<<20)
		refused := ""
		for i := 0; refused == ""; i++ {
			key := fmt.Sprint("k", i)
			if err := x.Put([]byte(key), value); err != nil {
				wantErr(t, "Put", err, mantisdb.ErrTxTooLarge)
				refused = key
			}
		}
		ok(t, x.Commit())
		if has, err := db.Has([]byte(refused)); err != nil || has {
			t.Errorf("Has(%s) = %v, %v, though it was refused", refused, has, err)
		}
	})
}

func TestUpdateEndsByItself(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		err := db.Update(func(tx *mantisdb.Tx) error {
			ok(t, tx.Put([]byte("k"), nil))
			return tx.Commit()
		})
		wantErr(t, "Commit within Update", err, mantisdb.ErrInvalidOptions)
		if has, err := db.Has([]byte("k")); err != nil || has {
			t.Errorf("Has(k) = %v, %v, though Update failed", has, err)
		}
	})
}

func TestTxAfterClose(t *testing.T) {
	eachEngineInDir(t, mantisdb.Options{}, func(t *testing.T, db *mantisdb.DB) {
		x, y := beginTx(t, db, true), beginTx(t, db, true)
		x.get("k")
		x.put("k", "v")
		y.put("k", "v")
		ok(t, db.Close())
		wantErr(t, "a checked commit", x.Commit(), mantisdb.ErrClosed)
		wantErr(t, "a commit", y.Commit(), mantisdb.ErrClosed)
	})
}

// TestTxReadsTakeRoomOnce reads one key and one range many times.
func TestTxReadsTakeRoomOnce(t *testing.T) {
	eachEngineInDir(t, mantisdb.Options{MemoryLimit: mantisdb.MinMemoryLimit}, func(t *testing.T, db *mantisdb.DB) {
		key := strings.Repeat("k", mantisdb.MaxKeyLen)
		x := beginTx(t, db, true)
		for range 2 * mantisdb.MinMemoryLimit / mantisdb.MaxKeyLen {
			x.get(key)
			x.scan(mantisdb.Range{Start: []byte(key)})
		}
		x.put("k", "v")
		ok(t, x.Commit())
	})
}

// TestTxDeletesARangeInALoop: a loop sees the transaction's own writes of before it began,
// and not the deletion of a range that comes while it runs.
func TestTxDeletesARangeInALoop(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *mantisdb.DB) {
		fill(db, "a", "1", "b", "1", "c", "1")
		ok(t, db.Update(func(tx *mantisdb.Tx) error {
			var seen []string
			scan := tx.Scan(mantisdb.Range{})
			for key := range scan.All() {
				seen = append(seen, string(key))
				ok(t, tx.DeleteRange(mantisdb.Range{}))
			}
			ok(t, scan.Err())
			if got := strings.Join(seen, ""); got != "abc" {
				t.Errorf("the loop saw %q, want all of before it began", got)
			}
			if got := text(t, tx.Scan(mantisdb.Range{})); got != "" {
				t.Errorf("the next loop saw %s", got)
			}
			return nil
		}))
	})
}
