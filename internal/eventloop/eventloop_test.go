//go:build linux && (amd64 || arm64)

package eventloop

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// newGroup is a group of the test's own.
func newGroup(t *testing.T, loops int) *Group {
	t.Helper()
	g, err := New(loops)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

// pair is both ends of a connection: that of a client, and the adopted one.
func pair(t *testing.T, g *Group, network string) (net.Conn, *Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "socket")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	adopted, err := g.Adopt(conn)
	if err != nil {
		t.Fatal(err)
	}
	c := Of(adopted)
	if c == nil {
		t.Fatalf("a connection of %s was not adopted", network)
	}
	t.Cleanup(func() { c.Close() })
	return client, c
}

// echo answers what it reads until there is nothing more to read for now, and tells why it
// stopped.
func echo(c *Conn) error {
	buf := make([]byte, 512)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return err
		}
	}
}

// park parks a connection from which nothing was read yet.
func park(t *testing.T, c *Conn) {
	t.Helper()
	c.MayPark()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, ErrParked) {
		t.Fatalf("a read that found nothing returned %v", err)
	}
}

func exchange(t *testing.T, client net.Conn, message []byte) {
	t.Helper()
	client.SetDeadline(time.Now().Add(patience))
	if _, err := client.Write(message); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(message))
	if _, err := io.ReadFull(client, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, message) {
		t.Fatalf("%q came back as %q", message, got)
	}
}

func TestHandlerAnswersWithoutAGoroutineOfItsOwn(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			client, c := pair(t, newGroup(t, 1), network)
			ended := make(chan error, 1)
			c.Handle(func() {
				if err := echo(c); !errors.Is(err, ErrParked) {
					ended <- err
					c.Close()
				}
			})
			park(t, c)
			term := c.loop.term.Load()
			for range 100 {
				exchange(t, client, []byte("hello"))
			}
			exchange(t, client, bytes.Repeat([]byte("x"), 5000)) // more than mostReads at once
			if c.loop.term.Load() != term && !raceEnabled {
				t.Error("another goroutine leads, though nothing had to wait")
			}
			client.Close()
			if err := within(t, ended); !errors.Is(err, io.EOF) {
				t.Fatalf("the end of the connection was read as %v", err)
			}
		})
	}
}

func within(t *testing.T, c <-chan error) error {
	t.Helper()
	select {
	case err := <-c:
		return err
	case <-time.After(patience):
		t.Fatal("nothing happened")
		return nil
	}
}

func TestOneWhoWaitsDoesNotHoldUpTheOthers(t *testing.T) {
	for name, wait := range map[string]func(c *Conn, release <-chan struct{}){
		"said":   func(c *Conn, release <-chan struct{}) { c.Own(); <-release },
		"unsaid": func(_ *Conn, release <-chan struct{}) { <-release },
	} {
		t.Run(name, func(t *testing.T) {
			g := newGroup(t, 1)
			slow, s := pair(t, g, "tcp")
			quick, q := pair(t, g, "tcp")
			if name == "said" {
				g.Close() // ends the watchdog, so that the word of the handler alone helps
			}
			release := make(chan struct{})
			s.Handle(func() {
				buf := make([]byte, 5)
				n, err := s.Read(buf)
				if errors.Is(err, ErrParked) {
					return
				}
				wait(s, release)
				s.Write(buf[:n])
				if err := echo(s); !errors.Is(err, ErrParked) {
					s.Close()
				}
			})
			q.Handle(func() { echo(q) })
			park(t, s)
			park(t, q)
			if _, err := slow.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			for range 20 {
				exchange(t, quick, []byte("quick"))
				time.Sleep(time.Millisecond)
			}
			close(release)
			slow.SetDeadline(time.Now().Add(patience))
			got := make([]byte, 5)
			if _, err := io.ReadFull(slow, got); err != nil || string(got) != "hello" {
				t.Fatalf("the slow one got %q, %v", got, err)
			}
			exchange(t, slow, []byte("again"))
			exchange(t, quick, []byte("again"))
		})
	}
}

func TestWriteToOneWhoDoesNotReadWaitsAlone(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			g := newGroup(t, 1)
			lazy, c := pair(t, g, network)
			quick, q := pair(t, g, network)
			g.Close() // ends the watchdog, so that Write alone helps
			long := make([]byte, 16<<20)
			for i := range long {
				long[i] = byte(rand.Uint32())
			}
			ended := make(chan error, 1)
			c.Handle(func() {
				if _, err := c.Read(make([]byte, 1)); errors.Is(err, ErrParked) {
					return
				}
				_, err := c.Write(long)
				ended <- err
			})
			q.Handle(func() { echo(q) })
			park(t, c)
			park(t, q)
			if _, err := lazy.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			for range 20 {
				exchange(t, quick, []byte("quick"))
				time.Sleep(time.Millisecond)
			}
			got := make([]byte, len(long))
			lazy.SetDeadline(time.Now().Add(patience))
			if _, err := io.ReadFull(lazy, got); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, long) {
				t.Fatal("what came is not what was sent")
			}
			if err := within(t, ended); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestDeadlines(t *testing.T) {
	g := newGroup(t, 1)
	t.Run("a parked one's handler is called", func(t *testing.T) {
		_, c := pair(t, g, "tcp")
		ended := make(chan error, 1)
		c.Handle(func() {
			_, err := c.Read(make([]byte, 1))
			ended <- err
		})
		park(t, c)
		c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if err := within(t, ended); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("it read %v", err)
		}
	})
	t.Run("who reads is told", func(t *testing.T) {
		_, c := pair(t, g, "tcp")
		ended := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 1))
			ended <- err
		}()
		time.Sleep(5 * time.Millisecond)
		c.SetReadDeadline(time.Unix(1, 0))
		if err := within(t, ended); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("it read %v", err)
		}
	})
	t.Run("who writes is told", func(t *testing.T) {
		_, c := pair(t, g, "tcp")
		c.SetWriteDeadline(time.Now().Add(30 * time.Millisecond))
		if _, err := c.Write(make([]byte, 64<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("it wrote %v", err)
		}
		c.SetWriteDeadline(time.Time{})
		ended := make(chan error, 1)
		go func() {
			_, err := c.Write(make([]byte, 64<<20))
			ended <- err
		}()
		time.Sleep(5 * time.Millisecond)
		c.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		if err := within(t, ended); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("it wrote %v", err)
		}
	})
	t.Run("a later one replaces it", func(t *testing.T) {
		client, c := pair(t, g, "tcp")
		c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		c.SetReadDeadline(time.Time{})
		c.Handle(func() { echo(c) })
		park(t, c)
		time.Sleep(20 * time.Millisecond)
		exchange(t, client, []byte("still there"))
	})
}

func TestCloseTellsWhoeverHasIt(t *testing.T) {
	g := newGroup(t, 1)
	for name, begin := range map[string]func(c *Conn, ended chan<- error){
		"parked": func(c *Conn, ended chan<- error) {
			c.Handle(func() {
				_, err := c.Read(make([]byte, 1))
				ended <- err
			})
			park(t, c)
		},
		"reading": func(c *Conn, ended chan<- error) {
			go func() {
				_, err := c.Read(make([]byte, 1))
				ended <- err
			}()
		},
		"writing": func(c *Conn, ended chan<- error) {
			go func() {
				_, err := c.Write(make([]byte, 64<<20))
				ended <- err
			}()
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, c := pair(t, g, "tcp")
			ended := make(chan error, 1)
			begin(c, ended)
			time.Sleep(5 * time.Millisecond)
			c.Close()
			if err := within(t, ended); !errors.Is(err, net.ErrClosed) {
				t.Fatalf("it was told %v", err)
			}
			client.SetDeadline(time.Now().Add(patience))
			if _, err := io.Copy(io.Discard, client); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("the other end was not told")
			}
		})
	}
}

// TestManyClientsOfEveryKind has clients come and go whose handlers wait and do not, while
// others close them and change their deadlines.
func TestManyClientsOfEveryKind(t *testing.T) {
	g := newGroup(t, 2)
	until := time.Now().Add(time.Second)
	var clients, running sync.WaitGroup
	var served atomic.Int64
	for worker := range 8 {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 7))
			for time.Now().Before(until) {
				client, c := pair(t, g, []string{"tcp", "unix"}[random.IntN(2)])
				kind := random.IntN(4)
				running.Add(1)
				var once sync.Once
				handler := func() {
					err := serveKind(c, kind, rand.IntN(3) == 0)
					if errors.Is(err, ErrParked) {
						return
					}
					c.Close()
					once.Do(running.Done)
				}
				c.Handle(handler)
				c.MayPark()
				go handler()
				client.SetDeadline(time.Now().Add(patience))
				for i := range 1 + random.IntN(20) {
					message := bytes.Repeat([]byte{byte(i)}, 1+random.IntN(3000))
					if _, err := client.Write(message); err != nil {
						t.Error(err)
					}
					if _, err := io.ReadFull(client, message); err != nil {
						t.Error(err)
					}
					served.Add(1)
				}
				switch random.IntN(3) {
				case 0:
					c.Close()
				case 1:
					c.SetReadDeadline(time.Unix(1, 0))
				}
				client.Close()
			}
		})
	}
	clients.Wait()
	ended := make(chan error, 1)
	go func() {
		running.Wait()
		ended <- nil
	}()
	within(t, ended)
	if served.Load() < 100 {
		t.Errorf("only %d messages were answered", served.Load())
	}
	for _, l := range g.loops {
		l.mu.Lock()
		if l.open != 0 {
			t.Errorf("%d connections are open", l.open)
		}
		l.mu.Unlock()
	}
}

// serveKind echoes as a kind of handler does: one that never owns, one that does at times,
// one that is stuck at times, one that always owns and parks again.
func serveKind(c *Conn, kind int, now bool) error {
	buf := make([]byte, 512)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		switch {
		case kind == 1 && now, kind == 3:
			c.Own()
			runtime.Gosched()
		case kind == 2 && now:
			time.Sleep(2 * watchInterval)
			now = false
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return err
		}
		if kind > 0 && rand.IntN(2) == 0 {
			c.MayPark()
		}
	}
}

func TestGroupEndsWithItsLastConnection(t *testing.T) {
	before := runtime.NumGoroutine()
	g, err := New(2)
	if err != nil {
		t.Fatal(err)
	}
	client, c := pair(t, g, "tcp")
	c.Handle(func() {
		if err := echo(c); !errors.Is(err, ErrParked) {
			c.Close()
		}
	})
	park(t, c)
	g.Close()
	exchange(t, client, []byte("still served"))
	client.Close()
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there are %d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func TestWatchdogRestsAndRises(t *testing.T) {
	g := newGroup(t, 1)
	client, c := pair(t, g, "tcp")
	c.Handle(func() { echo(c) })
	park(t, c)
	for range 2 {
		for deadline := time.Now().Add(patience); !g.watchdog.resting.Load(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the watchdog does not rest")
			}
		}
		exchange(t, client, []byte("hello"))
		if g.watchdog.resting.Load() {
			t.Fatal("the watchdog rests though a handler was called")
		}
	}
}

func TestOthersAreNotAdopted(t *testing.T) {
	g := newGroup(t, 1)
	one, other := net.Pipe()
	defer one.Close()
	defer other.Close()
	got, err := g.Adopt(one)
	if err != nil || got != one || Of(got) != nil {
		t.Fatalf("a pipe was adopted as %v, %v", got, err)
	}
}
