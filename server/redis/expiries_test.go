package redis

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// TestExpired: the keys that expire are told of, each once, and no others.
func TestExpired(t *testing.T) {
	s := newTestServer(t)
	c, listener := s.dial(t), s.dial(t)
	c.want("OK", "SET", "before", "1", "PX", "100")
	s.notify(t, "Ex")
	listener.do("PSUBSCRIBE", "*")
	c.want("OK", "SET", "plain", "1", "PX", "100")
	c.want("OK", "SET", "overwritten", "1", "PX", "60")
	c.want("OK", "SET", "overwritten", "1")
	c.want("OK", "SET", "longer", "1", "PX", "60")
	c.want("OK", "SET", "longer", "1", "PX", "150")
	c.want("OK", "SET", "deleted", "1", "PX", "60")
	c.want(int64(1), "DEL", "deleted")
	c.want("OK", "SELECT", "7")
	c.want("OK", "SET", "elsewhere", "1", "PX", "60")
	want := []string{"0 before", "0 longer", "0 plain", "7 elsewhere"}
	var got []string
	for range want {
		m := listener.read().([]any)
		database, _, _ := strings.Cut(strings.TrimPrefix(m[2].(string), "__keyevent@"), "__")
		got = append(got, database+" "+m[3].(string))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("told of %q, want %q", got, want)
	}
	if reply, err := listener.tryRead(100 * time.Millisecond); err == nil {
		t.Errorf("told of more: %v", reply)
	}
}

// TestExpiredByEveryWriter: the feed tells of writes by other ways than this protocol.
func TestExpiredByEveryWriter(t *testing.T) {
	s := newTestServer(t)
	s.notify(t, "Kx")
	listener := s.dial(t)
	listener.do("SUBSCRIBE", "__keyspace@0__:k")
	if err := s.db.PutTTL([]byte("gone"), nil, 20*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if err := s.db.DeleteRange(mantisdb.Range{}); err != nil {
		t.Fatal(err)
	}
	if err := s.db.PutTTL([]byte("k"), nil, 20*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	listener.wantNext(message("message", "__keyspace@0__:k", "expired"))
}

// TestExpiredWalk: all of many keys of before are found, while others are written.
func TestExpiredWalk(t *testing.T) {
	s := newTestServer(t)
	const keys = 5*expiryPiece + 17
	soon := time.Now().Add(1500 * time.Millisecond)
	var b mantisdb.Batch
	for i := range keys {
		if err := b.PutTTL(fmt.Appendf(nil, "k%06d", i), nil, time.Until(soon)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.db.Write(&b); err != nil {
		t.Fatal(err)
	}
	s.notify(t, "Ex")
	listener := s.dial(t)
	listener.do("SUBSCRIBE", "__keyevent@0__:expired")
	persistent := map[string]bool{}
	for range 1000 {
		key := fmt.Sprintf("k%06d", rand.IntN(keys))
		persistent[key] = true
		if err := s.db.Put([]byte(key), nil); err != nil {
			t.Fatal(err)
		}
	}
	if time.Now().After(soon) {
		t.Skip("the machine is too slow")
	}
	told := map[string]bool{}
	for range keys - len(persistent) {
		key := listener.read().([]any)[2].(string)
		if told[key] || persistent[key] {
			t.Fatalf("told of %q", key)
		}
		told[key] = true
	}
}

// TestExpiredOff: without the class nobody follows anything.
func TestExpiredOff(t *testing.T) {
	s := newTestServer(t)
	for _, flags := range []string{"KEA", "KEx", "K$", "x", "", "Ex", "E"} {
		s.notify(t, flags)
		if s.notifications.wants(notifyExpired) {
			waitUntil(t, func() bool { return countFollowers() > 0 })
		} else if n := countFollowers(); n > 0 {
			t.Errorf("%q: %d followers", flags, n)
		}
	}
}

func countFollowers() int {
	stacks := make([]byte, 4<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "(*expiryFollower).run(")
}

func TestExpiryQueue(t *testing.T) {
	q := expiryQueue{room: 1 << 30}
	q.reset()
	plain := map[string]int64{}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		key := fmt.Sprint(random.IntN(200))
		switch random.IntN(5) {
		case 0, 1, 2:
			plain[key] = random.Int64N(1000)
			q.put([]byte(key), plain[key])
		case 3:
			delete(plain, key)
			q.remove([]byte(key))
		case 4:
			if random.IntN(50) == 0 {
				q.removeRange([]byte("3"), []byte("5"))
				for key := range plain {
					if key >= "3" && key < "5" {
						delete(plain, key)
					}
				}
			}
		}
		if len(plain) != len(q.heap) || len(plain) != len(q.byKey) {
			t.Fatalf("%d keys, want %d", len(q.heap), len(plain))
		}
	}
	last := int64(0)
	for range len(plain) {
		at, _ := q.next()
		key := q.pop()
		if at < last || plain[key] != at {
			t.Fatalf("%q at %d behind %d, want %d", key, at, last, plain[key])
		}
		last = at
	}
	if q.size != 0 {
		t.Errorf("%d bytes are left", q.size)
	}
}

// TestExpiryQueueRoom: beyond its room, the queue keeps what expires first.
func TestExpiryQueueRoom(t *testing.T) {
	q := expiryQueue{room: 100 * (expiringOverhead + 8)}
	q.reset()
	q.walked = true
	for i, at := range rand.Perm(1000) {
		q.put(fmt.Appendf(nil, "%08d", i), int64(at)+1)
		if q.size > q.room {
			t.Fatalf("%d bytes, at most %d", q.size, q.room)
		}
	}
	if q.horizon == 0 || q.incomplete() {
		t.Fatalf("horizon %d, incomplete %v", q.horizon, q.incomplete())
	}
	for want := int64(1); !q.incomplete(); want++ {
		if at, _ := q.next(); at != want || at >= q.horizon {
			t.Fatalf("next at %d, want %d before %d", at, want, q.horizon)
		}
		q.pop()
	}
}
