package redis

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
)

// randomWords are what arguments are made of.
var randomWords = []string{
	"0", "1", "-1", "2", "-2", "7", "8", "31", "100", "-100", "1000000", "536870911", "536870912",
	"9223372036854775807", "-9223372036854775808", "9223372036854775808", "1.5", "-0.25", "1e10", "0x1p3", "inf", "nan",
	"", "abc", "\x00\xff", "a", "b", "c", "a", "b", "c", "EX", "PX", "PXAT", "KEEPTTL", "PERSIST", "NX", "XX", "GET",
	"LEN", "IDX", "MINMATCHLEN", "WITHMATCHLEN", "BIT", "BYTE", "AND", "OR", "NOT", "SET", "INCRBY", "OVERFLOW", "SAT", "FAIL",
	"u8", "i8", "i64", "u63", "u1", "#1", "#67108863",
}

// Whatever the arguments are, a command answers the same alone and in a transaction.
func TestBothPathsAgreeOnRandomCommands(t *testing.T) {
	s := newTestServer(t)
	alone, queued := s.dial(t), s.dial(t)
	queued.do("SELECT", "1")
	random := rand.New(rand.NewPCG(1, 2))
	var names []string
	for _, c := range append(stringCommands(), bitCommands()...) {
		names = append(names, c.Name)
	}
	for range 4000 {
		args := randomCommand(random, names)
		want := alone.do(args...)
		queued.do("MULTI")
		refused := queued.do(args...) != "QUEUED"
		got := queued.do("EXEC")
		if replies, ok := got.([]any); ok && !refused {
			got = replies[0]
		}
		if !refused && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %s in a transaction, alone %s", args, brief(got), brief(want))
		}
	}
	compareDatabases(t, "in the end", s.whole.at(0), s.whole.at(1))
}

func randomCommand(random *rand.Rand, names []string) []string {
	args := []string{names[random.IntN(len(names))], string("abc"[random.IntN(3)])}
	for range random.IntN(6) {
		args = append(args, randomWords[random.IntN(len(randomWords))])
	}
	// Long values make the test slow, and nothing more is seen by them.
	if args[0] == "setbit" || args[0] == "setrange" || args[0] == "bitfield" {
		for i, arg := range args {
			if len(arg) > 6 {
				args[i] = "3"
			}
		}
	}
	return args
}

func brief(reply any) string { return fmt.Sprintf("%.200q", reply) }
