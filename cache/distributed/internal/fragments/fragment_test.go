package fragments

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	olric "github.com/olric-data/olric/pkg/storage"

	"github.com/mantisdb/mantisdb/storage"
)

func openStore(t *testing.T, patience time.Duration) *Store {
	t.Helper()
	engine, err := storage.Open(storage.Config{Engine: storage.EngineGo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return New(engine, patience)
}

func fork(t *testing.T, s *Store) *Fragment {
	t.Helper()
	e, err := s.Prototype().Fork(nil)
	if err != nil {
		t.Fatal(err)
	}
	return e.(*Fragment)
}

// put does what Olric does for a new write at its owner, and returns how a backup gets it.
func put(t *testing.T, f *Fragment, hkey uint64, item Item) []byte {
	t.Helper()
	e := f.NewEntry()
	e.SetKey(string(item.Key))
	e.SetValue(item.Request(time.Now()))
	e.SetTTL(0)
	e.SetTimestamp(time.Now().UnixNano())
	data := e.Encode()
	if err := f.Put(hkey, e); err != nil {
		t.Fatal(err)
	}
	return data
}

func value(key, value string) Item { return Item{Kind: Value, Key: []byte(key), Value: []byte(value)} }

func removal(key string) Item { return Item{Kind: Removal, Key: []byte(key)} }

// found is the value of a hash, with its key, or "removed" or "nothing".
func found(t *testing.T, f *Fragment, hkey uint64) string {
	t.Helper()
	e, err := f.Get(hkey)
	if errors.Is(err, olric.ErrKeyNotFound) {
		return "nothing"
	}
	if err != nil {
		t.Fatal(err)
	}
	item, err := ParseItem(e.Value())
	if err != nil {
		if e.TTL() != 0 {
			t.Errorf("a removal has expired: %d", e.TTL())
		}
		return "removed"
	}
	return string(item.Key) + "=" + string(item.Value)
}

func wantFound(t *testing.T, f *Fragment, hkey uint64, want string) {
	t.Helper()
	if got := found(t, f, hkey); got != want {
		t.Errorf("there is %s, want %s", got, want)
	}
}

// hand hands over what one fragment has to another, as Olric does.
func hand(t *testing.T, from, to *Fragment) {
	t.Helper()
	for i := from.TransferIterator(); i.Next(); i = from.TransferIterator() {
		part, index, err := i.Export()
		if err != nil {
			t.Fatal(err)
		}
		take(t, to, part)
		if err := i.Drop(index); err != nil {
			t.Fatal(err)
		}
	}
}

// take has a fragment take a part, as Olric does.
func take(t *testing.T, to *Fragment, part []byte) {
	t.Helper()
	err := to.Import(part, func(hkey uint64, theirs olric.Entry) error {
		ours, err := to.Get(hkey)
		if errors.Is(err, olric.ErrKeyNotFound) || err == nil && ours.Timestamp() < theirs.Timestamp() {
			return to.Put(hkey, theirs)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// send is the next part of a fragment on its way to another, and what has it dropped when that one
// says that it has it.
func send(t *testing.T, from *Fragment) (part []byte, drop func(index int) error) {
	t.Helper()
	i := from.TransferIterator()
	if !i.Next() {
		t.Fatal("there is nothing to send")
	}
	part, _, err := i.Export()
	if err != nil {
		t.Fatal(err)
	}
	return part, i.Drop
}

func TestTwoKeysOfOneHash(t *testing.T) {
	f := fork(t, openStore(t, time.Hour))
	put(t, f, 7, value("a", "1"))
	put(t, f, 7, removal("b"))
	put(t, f, 7, Item{Kind: Expiry, Key: []byte("b"), ExpiresAt: 1})
	wantFound(t, f, 7, "a=1")
	put(t, f, 7, value("b", "2"))
	wantFound(t, f, 7, "b=2")
	if key, err := f.GetKey(7); key != "b" || err != nil {
		t.Errorf("%q %v", key, err)
	}
}

func TestFragmentsAreApart(t *testing.T) {
	s := openStore(t, time.Hour)
	one, other := fork(t, s), fork(t, s)
	put(t, one, 7, value("a", "1"))
	wantFound(t, other, 7, "nothing")
	put(t, other, 7, value("a", "2"))
	if err := one.Destroy(); err != nil {
		t.Fatal(err)
	}
	wantFound(t, other, 7, "a=2")
	if one.Stats().Length != 0 || other.Stats().Length == 0 {
		t.Errorf("%+v %+v", one.Stats(), other.Stats())
	}
	e := one.NewEntry()
	item := value("a", "3")
	e.SetValue(item.Request(time.Now()))
	e.SetTimestamp(time.Now().UnixNano())
	if err := one.Put(7, e); err == nil {
		t.Error("a fragment that is gone takes a write")
	}
}

func TestExpiry(t *testing.T) {
	f := fork(t, openStore(t, time.Hour))
	put(t, f, 7, value("a", "1"))
	later := time.Now().Add(time.Hour).UnixMilli()
	put(t, f, 7, Item{Kind: Expiry, Key: []byte("a"), ExpiresAt: later})
	if ttl, err := f.GetTTL(7); ttl != later || err != nil {
		t.Errorf("%d %v, want %d", ttl, err, later)
	}
	wantFound(t, f, 7, "a=1")
	put(t, f, 7, Item{Kind: Expiry, Key: []byte("a"), ExpiresAt: 1})
	wantFound(t, f, 7, "removed")
	put(t, f, 8, Item{Kind: Expiry, Key: []byte("b"), ExpiresAt: later})
	wantFound(t, f, 8, "removed")
}

// TestNothingComesBack: of what a fragment has removed, it takes no older value from another.
func TestNothingComesBack(t *testing.T) {
	s, elsewhere := openStore(t, time.Hour), openStore(t, time.Hour)
	before, now := fork(t, elsewhere), fork(t, s)
	put(t, before, 7, value("a", "old"))
	put(t, before, 1<<32, value("b", "old")) // of another class
	put(t, now, 7, value("a", "new"))
	put(t, now, 7, removal("a"))
	wantFound(t, now, 7, "removed")
	hand(t, before, now)
	wantFound(t, now, 7, "removed")
	wantFound(t, now, 1<<32, "b=old")
	if before.Stats().Length != 0 {
		t.Error("what was handed over is still there")
	}
}

// TestRemovalsMoveOn: what one has removed, the next one does not take from a third.
func TestRemovalsMoveOn(t *testing.T) {
	first, second, third := fork(t, openStore(t, time.Hour)), fork(t, openStore(t, time.Hour)), fork(t, openStore(t, time.Hour))
	put(t, first, 7, value("a", "old"))
	put(t, second, 7, value("a", "new"))
	put(t, second, 7, removal("a"))
	hand(t, second, third)
	hand(t, first, third)
	wantFound(t, third, 7, "removed")
}

// TestRemovalsReachWhoHasOlder: what one has removed, also without having had it, does not outlive
// that where it was before; what was written there since does, and what both have.
func TestRemovalsReachWhoHasOlder(t *testing.T) {
	before, meanwhile := fork(t, openStore(t, time.Hour)), fork(t, openStore(t, time.Hour))
	const a, b, c, d, e = 1 << 32, 2 << 32, 3 << 32, 4 << 32, 4<<32 + 1 // d and e are of one class
	put(t, before, a, value("a", "old"))
	put(t, before, b, value("b", "old"))
	put(t, before, d, value("d", "old"))
	put(t, meanwhile, a, removal("a"))
	put(t, meanwhile, b, value("b", "new"))
	put(t, meanwhile, c, removal("c"))
	put(t, meanwhile, d, value("d", "new"))
	put(t, meanwhile, e, removal("e"))
	put(t, before, c, value("c", "newest"))
	hand(t, meanwhile, before)
	wantFound(t, before, a, "removed")
	wantFound(t, before, b, "b=new")
	wantFound(t, before, c, "c=newest")
	wantFound(t, before, d, "d=new")
}

// TestAllOfAFragmentMoves: what comes by transfer does not keep away what comes after it.
func TestAllOfAFragmentMoves(t *testing.T) {
	from, to := fork(t, openStore(t, time.Hour)), fork(t, openStore(t, time.Hour))
	const keys = 3 * timeClasses // some in each class, of which the newest go first
	big := make([]byte, partBytes/keys*3)
	for i := range uint64(keys) {
		put(t, from, (keys-1-i)<<32, Item{Kind: Value, Key: []byte{'k'}, Value: big})
	}
	hand(t, from, to)
	for i := range uint64(keys) {
		if !to.Check(i << 32) {
			t.Fatalf("key %d did not move", i)
		}
	}
}

func TestTheNewestWriteStays(t *testing.T) {
	s := openStore(t, time.Hour)
	f := fork(t, s)
	first := put(t, f, 7, value("a", "1"))
	put(t, f, 7, value("a", "2"))
	if err := f.PutRaw(7, first); err != nil { // as a repair that is late
		t.Fatal(err)
	}
	wantFound(t, f, 7, "a=2")
	put(t, f, 7, removal("a"))
	if err := f.PutRaw(7, first); err != nil {
		t.Fatal(err)
	}
	wantFound(t, f, 7, "removed")
}

// TestABackupSaysNothingOfWhatItLacks: else it would hide what the owner has.
func TestABackupSaysNothingOfWhatItLacks(t *testing.T) {
	owner, backup := fork(t, openStore(t, time.Hour)), fork(t, openStore(t, time.Hour))
	data := put(t, owner, 7, value("a", "1"))
	if err := backup.PutRaw(7, data); err != nil {
		t.Fatal(err)
	}
	wantFound(t, backup, 7, "a=1")
	if err := backup.remove(7); err != nil { // as an eviction
		t.Fatal(err)
	}
	wantFound(t, backup, 7, "nothing")
	wantFound(t, owner, 7, "a=1")
}

func TestAClockThatIsSetBack(t *testing.T) {
	f := fork(t, openStore(t, time.Hour))
	item := value("a", "1")
	ahead := Entry{time: time.Now().Add(time.Hour).UnixNano(), item: item.Append(nil)}
	if err := f.PutRaw(7, ahead.Encode()); err != nil {
		t.Fatal(err)
	}
	put(t, f, 7, value("a", "2"))
	wantFound(t, f, 7, "a=2")
}

// TestRemovalsByAClockThatIsAhead: what another node has removed by such a clock is written again.
func TestRemovalsByAClockThatIsAhead(t *testing.T) {
	ahead := openStore(t, time.Hour)
	ahead.clock.saw(time.Now().Add(time.Second).UnixNano())
	from, to := fork(t, ahead), fork(t, openStore(t, time.Hour))
	put(t, from, 7, removal("a"))
	hand(t, from, to)
	put(t, to, 7, value("a", "1"))
	wantFound(t, to, 7, "a=1")
}

func TestAWriteThatComesLate(t *testing.T) {
	f := fork(t, openStore(t, time.Hour))
	for _, off := range []time.Duration{-Patience - time.Millisecond, Patience + time.Millisecond} {
		now, item := time.Now(), value("a", "1")
		e := f.NewEntry()
		e.SetValue(item.Request(now.Add(off)))
		e.SetTimestamp(now.UnixNano())
		if err := f.Put(7, e); !errors.Is(err, ErrLate) {
			t.Errorf("off by %v: %v", off, err)
		}
		if err := f.PutRaw(7, e.Encode()); !errors.Is(err, ErrLate) {
			t.Errorf("off by %v, at a backup: %v", off, err)
		}
	}
	wantFound(t, f, 7, "nothing")
}

// TestAWriteThatWaited: a write that came in time, but could be done only later, is not done.
func TestAWriteThatWaited(t *testing.T) {
	f := fork(t, openStore(t, time.Hour))
	now, item := time.Now(), value("a", "1")
	e := f.NewEntry()
	e.SetValue(item.Request(now.Add(-Patience - time.Millisecond)))
	e.SetTimestamp(now.Add(-Patience / 2).UnixNano())
	if err := f.Put(7, e); !errors.Is(err, ErrLate) {
		t.Errorf("it is done: %v", err)
	}
}

// TestANewExpiryOfAnOldValue: it does not have that one be the newest, wherever the newest is.
func TestANewExpiryOfAnOldValue(t *testing.T) {
	later := time.Now().Add(time.Hour).UnixMilli()
	for _, back := range []bool{false, true} {
		older, newer := fork(t, openStore(t, time.Hour)), fork(t, openStore(t, time.Hour))
		put(t, older, 7, value("a", "old"))
		put(t, newer, 7, value("a", "new"))
		put(t, older, 7, Item{Kind: Expiry, Key: []byte("a"), ExpiresAt: later})
		at := older
		if back {
			hand(t, older, newer)
			at = newer
		} else {
			hand(t, newer, older)
		}
		got := found(t, at, 7)
		if got == "a=old" || got == "a=new" && at == older { // which would not have the expiry
			t.Errorf("moved back %v: there is %s", back, got)
		}
	}
}

// TestASecondExpiry: of two copies, the one with the later expiry is the later.
func TestASecondExpiry(t *testing.T) {
	owner, backup := fork(t, openStore(t, time.Hour)), fork(t, openStore(t, time.Hour))
	if err := backup.PutRaw(7, put(t, owner, 7, value("a", "1"))); err != nil {
		t.Fatal(err)
	}
	put(t, owner, 7, Item{Kind: Expiry, Key: []byte("a"), ExpiresAt: time.Now().Add(time.Hour).UnixMilli()})
	touched, err := owner.Get(7)
	if err != nil {
		t.Fatal(err)
	}
	if err := backup.PutRaw(7, touched.Encode()); err != nil { // as a repair
		t.Fatal(err)
	}
	if ttl, err := backup.GetTTL(7); err != nil || ttl != touched.TTL() {
		t.Errorf("%d %v, want %d", ttl, err, touched.TTL())
	}
}

// TestAPartWithoutAnAnswer: what was sent and may have come is good for as long as nobody gives up
// whom it was sent to, and then gone: what that one wrote may be, too.
func TestAPartWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := func() *Fragment { return fork(t, New(&memoryEngine{entries: map[string][]byte{}}, time.Second)) }
		after := func(f *Fragment, d time.Duration) {
			f.store.Beat()
			time.Sleep(d)
			f.store.Beat()
		}
		f, next := open(), open()
		put(t, f, 7, value("a", "old"))
		send(t, f)
		after(f, 900*time.Millisecond)
		wantFound(t, f, 7, "a=old")
		send(t, f) // once more, which makes it no younger
		after(f, 200*time.Millisecond)
		wantFound(t, f, 7, "removed")
		next.store.Beat()
		hand(t, f, next)
		wantFound(t, next, 7, "removed")

		put(t, next, 7, value("a", "1"))
		_, drop := send(t, next)
		if err := drop(0); err != nil {
			t.Fatal(err)
		}
		after(next, 900*time.Millisecond)
		put(t, next, 7, value("a", "2")) // by who takes this node for the owner still
		after(next, 900*time.Millisecond)
		wantFound(t, next, 7, "a=2")
	})
}

// TestAPartThatComesLate is not taken.
func TestAPartThatComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := fork(t, openStoreOf(&memoryEngine{entries: map[string][]byte{}}))
		to := fork(t, openStoreOf(&memoryEngine{entries: map[string][]byte{}}))
		put(t, from, 7, value("a", "old"))
		part, _ := send(t, from)
		time.Sleep(partPatience + time.Millisecond)
		if err := to.Import(part, to.Put); !errors.Is(err, errLatePart) {
			t.Errorf("a part that comes late: %v", err)
		}
		wantFound(t, to, 7, "nothing")
	})
}

// fill has a fragment have so much that it moves in two parts, of which the first has hash 0.
func fill(t *testing.T, f *Fragment) {
	t.Helper()
	for i := range uint64(2) {
		put(t, f, 1<<40+i<<32, Item{Kind: Value, Key: []byte{'k'}, Value: make([]byte, partBytes)})
	}
}

// TestATransferThatBreaksOff: of what it brought, that is dropped which a later one from another node
// knows to be removed.
func TestATransferThatBreaksOff(t *testing.T) {
	first, second, to := fork(t, openStore(t, time.Hour)), fork(t, openStore(t, time.Hour)), fork(t, openStore(t, time.Hour))
	put(t, first, 0, value("a", "old"))
	fill(t, first)
	put(t, second, 0, value("a", "new"))
	put(t, second, 0, removal("a"))
	part, _ := send(t, first)
	take(t, to, part)
	wantFound(t, to, 0, "a=old")
	hand(t, second, to)
	wantFound(t, to, 0, "removed")
}

// TestARemovalWhileItMoves: what is removed at a node that has sent it, but not all of its fragment, is
// removed at the other one, too.
func TestARemovalWhileItMoves(t *testing.T) {
	from, to := fork(t, openStore(t, time.Hour)), fork(t, openStore(t, time.Hour))
	put(t, from, 0, value("a", "old"))
	fill(t, from)
	part, drop := send(t, from)
	take(t, to, part)
	if err := drop(0); err != nil {
		t.Fatal(err)
	}
	put(t, from, 0, removal("a"))
	hand(t, from, to)
	wantFound(t, to, 0, "removed")
}

// TestForgetWhileAPartComes: a node that forgets in the middle of a part refuses it, and takes it if it is sent
// once more.
func TestForgetWhileAPartComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := fork(t, New(&memoryEngine{entries: map[string][]byte{}}, time.Second))
		from := fork(t, openStoreOf(&memoryEngine{entries: map[string][]byte{}}))
		put(t, from, 7, value("a", "1"))
		part, _ := send(t, from)
		err := to.Import(part, func(uint64, olric.Entry) error {
			time.Sleep(2 * time.Second)
			return to.renew()
		})
		if !errors.Is(err, errForgot) {
			t.Fatalf("a part in which the node forgot: %v", err)
		}
		take(t, to, part)
		wantFound(t, to, 7, "a=1")
	})
}

// TestForget: a store without a beat forgets what it had, and takes nothing older from others, who may
// have missed that: only what they have of it, and what they wrote after it.
func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(&memoryEngine{entries: map[string][]byte{}}, time.Second)
		f, other := fork(t, s), fork(t, openStoreOf(&memoryEngine{entries: map[string][]byte{}}))
		put(t, other, 7, value("a", "old"))
		put(t, f, 2<<32, value("b", "old"))
		time.Sleep(100 * time.Millisecond)
		if err := other.PutRaw(3<<32, put(t, f, 3<<32, value("c", "1"))); err != nil {
			t.Fatal(err)
		}
		put(t, f, 7, value("a", "1"))
		s.Beat()
		time.Sleep(900 * time.Millisecond)
		s.Beat()
		time.Sleep(900 * time.Millisecond)
		wantFound(t, f, 7, "a=1")
		time.Sleep(200 * time.Millisecond)
		wantFound(t, f, 7, "removed")
		if s.Forgotten() != 1 {
			t.Errorf("it has forgotten %d times", s.Forgotten())
		}
		put(t, other, 2<<32, value("b", "new"))
		hand(t, other, f)
		wantFound(t, f, 7, "removed")
		wantFound(t, f, 2<<32, "b=new")
		wantFound(t, f, 3<<32, "c=1")
		put(t, f, 7, value("a", "2"))
		wantFound(t, f, 7, "a=2")
	})
}

// TestForgetWhatCameWithoutABeat: after too long without one, a beat has what came meanwhile be
// forgotten, too: others may have written it elsewhere.
func TestForgetWhatCameWithoutABeat(t *testing.T) {
	const patience = 200 * time.Millisecond
	s := openStore(t, patience)
	f := fork(t, s)
	s.Beat()
	time.Sleep(2 * patience)
	found(t, f, 1) // by which it is noticed that none came
	put(t, f, 1, value("a", "1"))
	wantFound(t, f, 1, "a=1")
	s.Beat()
	wantFound(t, f, 1, "removed")
}

// TestANodeThatIsNotSteady: after too long without a beat no write is done for a while, at a backup
// neither; what others have is taken.
func TestANodeThatIsNotSteady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(&memoryEngine{entries: map[string][]byte{}}, time.Second)
		f, other := fork(t, s), fork(t, openStoreOf(&memoryEngine{entries: map[string][]byte{}}))
		write := func() (done, copied error) {
			e, item := f.NewEntry(), value("a", "1")
			e.SetValue(item.Request(time.Now()))
			e.SetTimestamp(time.Now().UnixNano())
			return f.Put(7, e), other.PutRaw(7, e.Encode())
		}
		time.Sleep(2 * time.Second)
		s.Beat() // the first one
		if done, copied := write(); done != nil || copied != nil {
			t.Errorf("it takes no writes from the beginning: %v %v", done, copied)
		}
		time.Sleep(1001 * time.Millisecond)
		for range 4 {
			s.Beat()
			if done, copied := write(); !errors.Is(done, ErrLate) || !errors.Is(copied, ErrLate) {
				t.Errorf("it takes writes: %v %v", done, copied)
			}
			time.Sleep(500 * time.Millisecond)
		}
		hand(t, other, f)
		wantFound(t, f, 7, "a=1")
		s.Beat()
		if done, copied := write(); done != nil || copied != nil {
			t.Errorf("it takes no writes any more: %v %v", done, copied)
		}
	})
}

func openStoreOf(e storage.Engine) *Store { return New(e, time.Hour) }

// TestWhatIsNone: bytes that are no item or part are errors, and change nothing.
func TestWhatIsNone(t *testing.T) {
	f := fork(t, openStore(t, time.Hour))
	put(t, f, 7, value("a", "1"))
	for _, data := range [][]byte{nil, {1}, make([]byte, 9), append(make([]byte, 8), 9, 0, 0, 0, 0, 0, 0, 0, 0, 1, 'a')} {
		if err := f.PutRaw(7, data); err == nil && len(data) != timeLen {
			t.Errorf("%v is taken", data)
		}
	}
	part, _, err := f.TransferIterator().Export()
	if err != nil {
		t.Fatal(err)
	}
	leave := func(uint64, olric.Entry) error { return nil }
	const times = 10 // one class, which may as well not be there
	for cut := range len(part) {
		if cut == len(part)-times {
			continue
		}
		if err := f.Import(part[:cut], leave); err == nil {
			t.Errorf("a part cut at %d of %d is taken", cut, len(part))
		}
	}
	for _, at := range []int{0, len(part) - times} { // the format, and the class of a time
		bad := slices.Clone(part)
		bad[at] = 0xff
		if err := f.Import(bad, leave); !errors.Is(err, errPart) {
			t.Errorf("a part with another byte at %d of %d is taken: %v", at, len(part), err)
		}
	}
	wantFound(t, f, 7, "a=1")
}

func FuzzImport(f *testing.F) {
	f.Add([]byte{partFormat, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 9})
	f.Fuzz(func(t *testing.T, part []byte) {
		frag := fork(t, openStoreOf(&memoryEngine{entries: map[string][]byte{}}))
		if len(part) >= partHeader { // else nearly all would be late
			binary.BigEndian.PutUint64(part[10:], uint64(time.Now().UnixNano()))
		}
		_ = frag.Import(part, frag.Put)
	})
}
