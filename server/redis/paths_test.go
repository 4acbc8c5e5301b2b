package redis

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"github.com/mantisdb/mantisdb"
)

// pathScript are commands in an order in which they meet values of all kinds.
var pathScript = []string{
	"GET k", "STRLEN k", "GETDEL k", "GETSET k v", "GET k", "SETNX k w", "SETNX new w", "GETDEL new",
	"SET k a", "SET k b GET", "SET k c NX", "SET k d XX", "SET other d NX GET", "SET other e GET PX 100000", "SET third e NX EX 100",
	"SET k v KEEPTTL", "SET k v EX 100", "SET k w KEEPTTL", "SET k x PXAT 33000000000000", "SET gone x PXAT 1", "GET gone",
	"SET gone y NX PXAT 1", "SET gone y GET PXAT 1", "SET k v EX 0", "SET k v bogus", "SET k v EX abc", "SET far v PX 9000000000000000000",
	"SET far v NX PX 9000000000000000000", "SET far v GET PX 9000000000000000000",
	"SETEX k 100 v", "SETEX k 0 v", "SETEX k x v", "PSETEX k 100000 v", "PSETEX k -1 v",
	"APPEND k w", `APPEND k ""`, `APPEND empty ""`, "GET empty", "APPEND fresh xyz", "STRLEN fresh",
	"GETRANGE k 0 0", "GETRANGE k 5 9", "SUBSTR none 0 1", "SETRANGE k 4 abc", "SETRANGE k -1 x", `SETRANGE none 1 ""`,
	"INCR n", "INCRBY n 41", "DECR n", "DECRBY n -9", "INCRBY n x", "INCR k", "SETEX n 100 10", "INCR n", "DECRBY n -9223372036854775808",
	"SET n 9223372036854775807", "INCR n", "DECRBY n -1", "DECR n", `SET n " 1"`, "INCR n", "SET n -0", "DECR n",
	"SET n 01", "INCR n", "SET n +1", "INCR n", "SET n 9223372036854775808", "DECR n", `SET n "1\n"`, "INCR n",
	"SET n 1.5", "INCR n", "INCRBYFLOAT n 0.1", "INCRBYFLOAT n inf", "INCRBYFLOAT k 1", "INCRBYFLOAT f -0.25",
	"MGET k n none k", "MSET a 1 b 2 a 3", "MSET a 1 b", "MGET a b", "MSETNX a 1 c 2", "MSETNX c 1 d 2", "MGET c d",
	"LCS k fresh", "LCS k fresh IDX", "LCS k fresh LEN IDX",
	"SETBIT bits 9 1", "SETBIT bits 9 1", "GETBIT bits 9", "GETBIT bits 99999", "BITCOUNT bits", "BITCOUNT none x", "BITCOUNT bits 0",
	"BITPOS bits 1", "BITPOS bits 0 0 -1 BIT", "BITPOS bits 3", "BITOP NOT inverse bits", "BITOP AND none nothing", "BITOP AND inverse none",
	"BITFIELD bits INCRBY u4 4 -1 GET u8 0", "BITFIELD bits OVERFLOW FAIL INCRBY u1 100 5", "BITFIELD_RO bits GET i9 3", "BITFIELD_RO bits SET i9 3 1",
	"GETEX k", "GETEX k EX 50", "GETEX k PERSIST", "GETEX k EX 0", "GETEX fresh PXAT 1", "GET fresh", "GETEX none EX 0",
	`GET ""`, `SET "" v`, `SET "" v NX`, `SETEX "" 10 v`, `SETNX "" v`, `GETSET "" v`, `GETDEL ""`, `APPEND "" v`, `INCR ""`, `MGET k ""`, `MSET k all "" v`, `GETBIT "" 1`,
	"GET k", "DEL a b c",
}

// Every command answers the same and leaves the same behind, be it alone, where it may go
// to the engine directly, or between MULTI and EXEC, where it runs in a transaction.
func TestBothPathsAgree(t *testing.T) {
	s := newTestServer(t)
	alone, queued := s.dial(t), s.dial(t)
	if reply := queued.do("SELECT", "1"); reply != "OK" {
		t.Fatal(reply)
	}
	direct := 0
	for _, command := range pathScript {
		args := words(t, command)
		if s.table.find([]byte(args[0])).direct != nil {
			direct++
		}
		want := alone.do(args...)
		queued.do("MULTI")
		queued.do(args...)
		got, ok := queued.do("EXEC").([]any)
		if !ok || !reflect.DeepEqual(got[0], want) {
			t.Errorf("%s: %#v in a transaction, alone %#v", command, got, want)
		}
		compareDatabases(t, command, s.whole.at(0), s.whole.at(1))
	}
	if direct < len(pathScript)/2 {
		t.Errorf("only %d of %d commands have a direct path", direct, len(pathScript))
	}
}

// compareDatabases wants the same keys in both after a command, with the same values, which
// expire within seconds of each other.
func compareDatabases(t *testing.T, command string, a, b *mantisdb.Keyspace) {
	t.Helper()
	left, right := contents(t, a), contents(t, b)
	if len(left) != len(right) {
		t.Errorf("%s: there are %d and %d keys", command, len(left), len(right))
	}
	for key, x := range left {
		y := right[key]
		apart := x.ExpiresAt - y.ExpiresAt
		if !bytes.Equal(x.Bytes, y.Bytes) || (x.ExpiresAt == 0) != (y.ExpiresAt == 0) || apart < -20_000 || apart > 20_000 {
			t.Errorf("%s: %q is %s and %s", command, key, describe(x), describe(y))
		}
	}
}

func describe(v Value) string { return fmt.Sprintf("%q until %d", v.Bytes, v.ExpiresAt) }

func contents(t *testing.T, ks *mantisdb.Keyspace) map[string]Value {
	t.Helper()
	found := map[string]Value{}
	scan := ks.Scan(mantisdb.Range{})
	for entry := range scan.Entries() {
		found[string(entry.Key)] = Value{bytes.Clone(entry.Value), entry.Meta}
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
