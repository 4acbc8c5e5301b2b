//go:build !race

package redis

import (
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// directCommands are the usual ones, and how often they may allocate with the Rust engine:
// what returns the value before has it in memory of its own. The Go engine allocates by
// itself, so many times more.
var directCommands = []struct {
	command           string
	allocations, ofGo float64
}{
	{"GET k", 0, 0}, {"STRLEN k", 0, 0}, {"GETRANGE k 0 1", 0, 0}, {"GETBIT k 1", 0, 0}, {"BITCOUNT k", 0, 0},
	{"MGET k n none", 0, 16}, {"SET k v EX 100", 0, 0}, {"SET k v PX 1000", 0, 0}, {"SETEX k 100 v", 0, 0}, {"PSETEX k 1000 v", 0, 0},
	{"SET k v NX PX 1000", 0, 0}, {"SETNX k v", 0, 0}, {"MSET k v m v", 0, 0}, {"INCR n", 0, 3}, {"DECRBY n 5", 0, 3},
	{"GETSET k v", 1, 1}, {"SET k v GET", 1, 1}, {"GETDEL none", 1, 0},
}

func TestDirectCommandsAllocateLittle(t *testing.T) {
	engine := newTestServer(t).db.Engine()
	for _, test := range directCommands {
		call := directCall(t, test.command)
		most := test.allocations
		if engine == mantisdb.EngineGo {
			most += test.ofGo
		}
		if n := testing.AllocsPerRun(200, call); n > most {
			t.Errorf("%s: %v allocations, at most %v are meant", test.command, n, most)
		}
	}
}

func BenchmarkDirectCommands(b *testing.B) {
	for _, bench := range directCommands {
		b.Run(bench.command, func(b *testing.B) {
			call := directCall(b, bench.command)
			b.ReportAllocs()
			for b.Loop() {
				call()
			}
		})
	}
}

// directCall executes a command without a connection, and forgets the reply.
func directCall(t testing.TB, line string) func() {
	s := newTestServer(t)
	c := s.detached(t)
	for _, prepare := range []string{"SET k value", "SET n 1"} {
		c.sendLine(t, prepare)
	}
	var args [][]byte
	for _, word := range words(t, line) {
		args = append(args, []byte(word))
	}
	c.request.now = time.Now()
	return func() {
		c.out.Buf = c.out.Buf[:0]
		c.execute(args)
	}
}
