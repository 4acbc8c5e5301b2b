package redis

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// farEnd is the other end of a trunk, which a test plays.
type farEnd struct {
	net.Conn
	in *bufio.Reader
}

// newFarEnd is a trunk with a test at its other end.
func newFarEnd(t *testing.T) (*trunk, *farEnd) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { far.Close() })
	t.Cleanup(func() { near.Close() })
	trunk := newTrunk(near, "")
	end := &farEnd{far, bufio.NewReader(far)}
	if err := greet(far, end.in, ""); err != nil {
		t.Fatal(err)
	}
	return trunk, end
}

// next reads a call, and returns its number and commands.
func (e *farEnd) next(t *testing.T) (number uint64, commands string) {
	t.Helper()
	f, err := readFrame(e.in)
	if err != nil || f.kind != frameCall {
		t.Fatalf("%+v, %v", f, err)
	}
	body, err := f.readBody(e.in, nil)
	if err != nil || body[0] != 5 || body[1] != 3 {
		t.Fatalf("%q, %v", body, err)
	}
	return f.call, string(body[callHead:])
}

func (e *farEnd) send(t *testing.T, kind frameKind, number uint64, body string) {
	t.Helper()
	if _, err := e.Write(appendFrame(nil, kind, number, []byte(body))); err != nil {
		t.Fatal(err)
	}
}

// answer is what do has returned.
type answer struct {
	reply string
	err   error
}

// begin sends a call of its own goroutine.
func (t *trunk) begins(commands string, replies int, waitsFor func() bool) chan answer {
	got := make(chan answer, 1)
	go func() {
		reply, err := t.do(nil, &call{commands: []byte(commands), database: 5, proto: 3, replies: replies, limit: 100, waitsFor: waitsFor})
		got <- answer{string(reply), err}
	}()
	return got
}

func forever() bool { return true }

func TestCallsAreAnsweredInAnyOrder(t *testing.T) {
	trunk, far := newFarEnd(t)
	first := trunk.begins("one", 1, forever)
	one, commands := far.next(t)
	if commands != "one" {
		t.Errorf("the far end got %q", commands)
	}
	second := trunk.begins("two", 3, forever)
	two, _ := far.next(t)
	far.send(t, framePiece, two, "+a\r\n$3\r\nb")
	far.send(t, frameReply, one, ":1\r\n")
	if got := <-first; got.reply != ":1\r\n" || got.err != nil {
		t.Errorf("%+v", got)
	}
	far.send(t, frameReply, two, "\r\n\r\n*1\r\n$1\r\nc\r\n")
	if got := <-second; got.reply != "*1\r\n$1\r\nc\r\n" || got.err != nil {
		t.Errorf("%+v", got)
	}
}

// TestAnErrorMayBeTheLastReply: what was to follow it is not waited for.
func TestAnErrorMayBeTheLastReply(t *testing.T) {
	trunk, far := newFarEnd(t)
	got := trunk.begins("x", 3, forever)
	number, _ := far.next(t)
	far.send(t, frameReply, number, "+OK\r\n-ERR no\r\n")
	if got := <-got; got.reply != "-ERR no\r\n" || got.err != nil {
		t.Errorf("%+v", got)
	}
}

// TestRefusedCallsWereNotSent, and no more begin on the trunk, which ends with the last answer.
func TestRefusedCallsWereNotSent(t *testing.T) {
	trunk, far := newFarEnd(t)
	first := trunk.begins("one", 1, forever)
	one, _ := far.next(t)
	second := trunk.begins("two", 1, forever)
	two, _ := far.next(t)
	far.send(t, frameRefused, two, "")
	if got := <-second; !errors.Is(got.err, errUnsent) {
		t.Errorf("%+v", got)
	}
	if got := <-trunk.begins("three", 1, forever); !errors.Is(got.err, errUnsent) {
		t.Errorf("%+v", got)
	}
	far.send(t, frameReply, one, "+OK\r\n")
	if got := <-first; got.err != nil {
		t.Errorf("%+v", got)
	}
	if _, err := far.in.ReadByte(); err == nil {
		t.Error("the trunk did not end")
	}
}

// TestCallsAreGivenUp: once it is no use to wait, a call has no answer; those beside it go on.
func TestCallsAreGivenUp(t *testing.T) {
	trunk, far := newFarEnd(t)
	first := trunk.begins("one", 1, forever)
	one, _ := far.next(t)
	second := trunk.begins("two", 1, func() bool { return false })
	two, _ := far.next(t)
	if got := <-second; !errors.Is(got.err, errUnanswered) {
		t.Errorf("%+v", got)
	}
	if !trunk.isRetired() {
		t.Error("more calls may begin on it")
	}
	far.send(t, frameReply, two, "+late\r\n")
	far.send(t, frameReply, one, "+OK\r\n")
	if got := <-first; got.reply != "+OK\r\n" || got.err != nil {
		t.Errorf("%+v", got)
	}
}

func TestLongRepliesAreCutOff(t *testing.T) {
	trunk, far := newFarEnd(t)
	first, second := trunk.begins("one", 1, forever), chan answer(nil)
	one, _ := far.next(t)
	far.send(t, framePiece, one, strings.Repeat("x", 400))
	if got := <-first; !errors.Is(got.err, resp.ErrReplyTooLong) {
		t.Errorf("%+v", got)
	}
	second = trunk.begins("two", 1, forever)
	two, _ := far.next(t)
	far.send(t, frameReply, one, "y\r\n")
	far.send(t, frameReply, two, "$100\r\n"+strings.Repeat("z", 100)+"\r\n")
	if got := <-second; !errors.Is(got.err, resp.ErrReplyTooLong) {
		t.Errorf("%+v", got)
	}
}

// TestNonsenseEndsATrunk, and all that waits has no answer.
func TestNonsenseEndsATrunk(t *testing.T) {
	huge := binary.LittleEndian.AppendUint32(nil, 1<<31)
	for name, bytes := range map[string][]byte{
		"a kind that there is not": appendFrame(nil, 77, 1, nil),
		"a call":                   appendFrame(nil, frameCall, 1, []byte("..")),
		"a length":                 append(huge, make([]byte, frameHead)...),
		"a head alone":             append([]byte{1, 0, 0, 0}, make([]byte, frameHead)...),
		"half a reply":             appendFrame(nil, frameReply, 1, []byte("$5\r\nabc")),
		"two replies":              appendFrame(nil, frameReply, 1, []byte("+a\r\n+b\r\n")),
		"none":                     appendFrame(nil, frameReply, 1),
	} {
		t.Run(name, func(t *testing.T) {
			trunk, far := newFarEnd(t)
			got := trunk.begins("x", 1, forever)
			far.next(t)
			if _, err := far.Write(bytes); err != nil {
				t.Fatal(err)
			}
			if got := <-got; !errors.Is(got.err, errUnanswered) {
				t.Errorf("%+v", got)
			}
			<-trunk.ended
		})
	}
}

// TestPeersThatMakeNoSenseAreCutOff: what a node is sent instead of a trunk's calls.
func TestPeersThatMakeNoSenseAreCutOff(t *testing.T) {
	c := newTestCluster(t, 2, 2)
	for name, bytes := range map[string]string{
		"another version": strings.Replace(trunkHelloOf(""), "1", "9", 1),
		"a command":       "*1\r\n$4\r\nPING\r\n" + strings.Repeat(" ", len(trunkHelloOf(""))),
		"a reply":         trunkHelloOf("") + string(appendFrame(nil, frameReply, 1, []byte("+OK\r\n"))),
		"a call's head":   trunkHelloOf("") + string(appendFrame(nil, frameCall, 1, []byte{0})),
		"a length":        trunkHelloOf("") + "\xff\xff\xff\xff" + strings.Repeat("x", frameHead),
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", c.nodes[0].peer.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write([]byte(bytes)); err != nil {
				t.Fatal(err)
			}
			conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			if n, err := conn.Read(make([]byte, 1)); n != 0 || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%d bytes, %v: it was not cut off", n, err)
			}
		})
	}
	peer := c.nodes[0].dialPeer(t)
	for name, x := range map[string]*call{
		"a database":    {database: 99, proto: 2},
		"a protocol":    {database: 0, proto: 7},
		"half":          {proto: 2, commands: []byte("*2\r\n$3\r\nGET\r\n")},
		"no protocol":   {proto: 2, commands: []byte("*1\r\n!")},
		"no end of one": {proto: 2, commands: []byte("*1\r\n$5\r\nMULTI\r\n")},
	} {
		x.replies, x.limit, x.waitsFor = 2, 1000, forever
		if reply, err := peer.do(nil, x); err != nil || !strings.HasPrefix(string(reply), "-") {
			t.Errorf("%s: %q, %v", name, reply, err)
		}
	}
	peer.wantCall(t, "+OK\r\n", "SET", c.keyAt(0, 0), "v")
}

// TestAWaitingCallHoldsUpNoOther, and a node that ends answers what it has begun.
func TestAWaitingCallHoldsUpNoOther(t *testing.T) {
	c := newTestCluster(t, 2, 2)
	node, peer := c.nodes[0], c.nodes[0].dialPeer(t)
	key := c.keyAt(0, 0)
	control := node.dial(t)
	control.want("OK", "CLIENT", "PAUSE", "100000", "WRITE")
	paused := make(chan answer, 1)
	go func() {
		reply, err := peer.do(nil, &call{proto: 2, replies: 1, limit: 100, waitsFor: forever,
			commands: resp.AppendCommand(nil, []byte("SET"), []byte(key), []byte("v"))})
		paused <- answer{string(reply), err}
	}()
	for range 100 {
		peer.wantCall(t, "$-1\r\n", "GET", key)
	}
	select {
	case got := <-paused:
		t.Fatalf("it was not paused: %+v", got)
	default:
	}
	control.want("OK", "CLIENT", "UNPAUSE")
	if got := <-paused; got.reply != "+OK\r\n" || got.err != nil {
		t.Errorf("%+v", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := node.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	<-peer.ended
	if _, err := peer.do(nil, &call{proto: 2, replies: 1}); !errors.Is(err, errUnsent) {
		t.Errorf("after the end: %v", err)
	}
}
