//go:build linux && (amd64 || arm64)

package eventloop

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// holding is a connection whose handler reads, holds itself, and echoes what it has read
// when it is called again.
func holding(t *testing.T, g *Group) (client net.Conn, c *Conn, held, ended chan error) {
	t.Helper()
	client, c = pair(t, g, "tcp")
	held, ended = make(chan error, 100), make(chan error, 1)
	buf := make([]byte, 512)
	waits := 0
	c.Handle(func() {
		if waits > 0 {
			_, err := c.Write(buf[:waits])
			waits = 0
			if err != nil {
				ended <- err
				return
			}
		}
		n, err := c.Read(buf)
		switch {
		case errors.Is(err, ErrParked):
			return
		case err != nil:
			ended <- err
			return
		}
		waits = n
		if !c.Hold() {
			ended <- errors.New("it may not be held")
			return
		}
		held <- nil
	})
	park(t, c)
	return client, c, held, ended
}

func TestHeldConnectionIsCalledOnceItIsReleased(t *testing.T) {
	client, c, held, _ := holding(t, newGroup(t, 1))
	for range 3 {
		client.Write([]byte("one"))
		within(t, held)
		client.Write([]byte("two")) // comes while it is held
		client.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if n, err := client.Read(make([]byte, 1)); err == nil {
			t.Fatalf("%d bytes came from a connection that is held", n)
		}
		for _, want := range []string{"one", "two"} {
			Release([]*Conn{c})
			got := make([]byte, 3)
			client.SetReadDeadline(time.Now().Add(patience))
			if _, err := io.ReadFull(client, got); err != nil || string(got) != want {
				t.Fatalf("%q, %v", got, err)
			}
			if want == "one" {
				within(t, held)
			}
		}
	}
}

func TestReleaseOfManyLoopsReachesAll(t *testing.T) {
	g := newGroup(t, 3)
	var conns []*Conn
	var clients []net.Conn
	for range 10 {
		client, c, held, _ := holding(t, g)
		client.Write([]byte("x"))
		within(t, held)
		clients, conns = append(clients, client), append(conns, c)
	}
	Release(conns)
	Release(conns) // who is not held is left alone
	for _, client := range clients {
		client.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(client, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
}

// The end of a connection is told when it is released, even if its loop is to end.
func TestHeldConnectionMayBeClosed(t *testing.T) {
	g := newGroup(t, 1)
	client, c, held, ended := holding(t, g)
	client.Write([]byte("x"))
	within(t, held)
	c.SetReadDeadline(time.Unix(1, 0))
	c.Close()
	g.Close()
	time.Sleep(10 * time.Millisecond)
	select {
	case err := <-ended:
		t.Fatalf("called while it was held: %v", err)
	default:
	}
	Release([]*Conn{c})
	if err := within(t, ended); !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
}

// TestOneThatWasClosedIsNotHeld: its descriptor is gone, and must not be closed a second time.
func TestOneThatWasClosedIsNotHeld(t *testing.T) {
	g := newGroup(t, 1)
	client, c := pair(t, g, "tcp")
	held := make(chan bool)
	c.Handle(func() {
		if n, _ := c.Read(make([]byte, 10)); n > 0 {
			c.Close() // as anybody else may do meanwhile
			held <- c.Hold()
		}
	})
	park(t, c)
	client.Write([]byte("x"))
	if <-held {
		t.Error("a closed connection was held")
	}
}

func TestOneThatMayNotBeParkedIsNotHeld(t *testing.T) {
	_, c := pair(t, newGroup(t, 1), "tcp")
	if c.Hold() {
		t.Fatal("a goroutine's own connection was held")
	}
}

// deferring is a connection whose handler reads, calls before, defers itself, and is told of as
// "deferred" when it is called again.
func deferring(t *testing.T, g *Group, calls chan<- string, before func()) (client net.Conn) {
	t.Helper()
	client, c := pair(t, g, "tcp")
	waits := false
	c.Handle(func() {
		if waits {
			waits = false
			calls <- "deferred"
		}
		if n, _ := c.Read(make([]byte, 10)); n == 0 {
			return
		}
		before()
		if waits = c.Hold(); waits {
			c.ReleaseWhenIdle()
		}
	})
	park(t, c)
	return client
}

func wantCall(t *testing.T, calls <-chan string, want string) {
	t.Helper()
	select {
	case got := <-calls:
		if got != want {
			t.Fatalf("called: %s, want %s", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("not called: %s", want)
	}
}

func TestDeferredConnectionIsCalledAfterAllThatCanBeRead(t *testing.T) {
	g := newGroup(t, 1)
	calls := make(chan string, 10)
	otherClient, other := pair(t, g, "tcp")
	other.Handle(func() {
		if n, _ := other.Read(make([]byte, 10)); n > 0 {
			calls <- "other"
			other.Read(make([]byte, 10)) // which parks it
		}
	})
	park(t, other)
	client := deferring(t, g, calls, func() { otherClient.Write([]byte("x")) })
	for range 3 {
		client.Write([]byte("x"))
		wantCall(t, calls, "other")
		wantCall(t, calls, "deferred")
	}
}

// TestDeferralWakesTheLoop that waits for events.
func TestDeferralWakesTheLoop(t *testing.T) {
	g := newGroup(t, 1)
	client, c := pair(t, g, "tcp")
	held, calls, waits := make(chan bool, 1), make(chan string, 1), false
	c.Handle(func() {
		if waits {
			waits = false
			calls <- "deferred"
		}
		if n, _ := c.Read(make([]byte, 10)); n > 0 {
			waits = c.Hold()
			held <- waits
		}
	})
	park(t, c)
	client.Write([]byte("x"))
	if !<-held {
		t.Fatal("not held")
	}
	time.Sleep(50 * time.Millisecond) // by then it waits
	c.ReleaseWhenIdle()
	wantCall(t, calls, "deferred")
}

// TestDeferralEnds though there is always something to read: long before that is read byte by byte.
func TestDeferralEnds(t *testing.T) {
	const backlog = 30_000 // which the socket takes at once
	g := newGroup(t, 1)
	calls := make(chan string, 10)
	client := deferring(t, g, calls, func() {})
	busyClient, busy := pair(t, g, "tcp")
	read := 0
	busy.Handle(func() {
		for read < backlog {
			if _, err := busy.Read(make([]byte, 1)); err != nil {
				return
			}
			if read++; read == backlog/10 {
				client.Write([]byte("x"))
			}
		}
		calls <- "all was read"
	})
	park(t, busy)
	busyClient.Write(make([]byte, backlog))
	wantCall(t, calls, "deferred")
	wantCall(t, calls, "all was read")
}

func TestHandOverLetsTheLoopGoOnAndTheConnectionParkAgain(t *testing.T) {
	g := newGroup(t, 1)
	client, c := pair(t, g, "tcp")
	handedOver, goOn, parked := make(chan uint64), make(chan struct{}), make(chan error, 1)
	c.Handle(func() {
		if n, _ := c.Read(make([]byte, 10)); n == 0 {
			return
		}
		term := c.loop.term.Load()
		c.HandOver()
		handedOver <- c.loop.term.Load() - term
		<-goOn
		_, err := c.Read(make([]byte, 10))
		parked <- err
	})
	park(t, c)
	otherClient, other := pair(t, g, "tcp")
	other.Handle(func() { echo(other) })
	park(t, other)
	for range 3 {
		client.Write([]byte("x"))
		if terms := <-handedOver; terms != 1 {
			t.Fatalf("%d new leaders, want one", terms)
		}
		exchange(t, otherClient, []byte("meanwhile"))
		goOn <- struct{}{}
		if err := within(t, parked); !errors.Is(err, ErrParked) {
			t.Fatalf("a read that found nothing returned %v", err)
		}
	}
}
