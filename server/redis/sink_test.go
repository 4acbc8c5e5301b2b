package redis

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// sinkPair is a sink, and what arrives.
func sinkPair(t *testing.T, limits Limits) (*sink, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	limits = limits.WithDefaults()
	s := newSink(near, func() *Limits { return &limits })
	t.Cleanup(func() { s.close(); far.Close() })
	return s, far
}

func wantArrival(t *testing.T, far net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	far.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := io.ReadFull(far, got); err != nil || string(got) != want {
		t.Fatalf("%q arrived, %v; want %q", got[:n], err, want)
	}
}

func TestSinkOrder(t *testing.T) {
	s, far := sinkPair(t, Limits{})
	for range 1000 {
		s.push([]byte("a"))
		s.write([]byte("b"), time.Now())
		wantArrival(t, far, "ab")
		s.push([]byte("c"))
		if err := s.hold(); err != nil {
			t.Fatal(err)
		}
		s.push([]byte("e"))
		runtime.Gosched()
		s.write([]byte("d"), time.Now())
		s.push([]byte("f"))
		wantArrival(t, far, "cdef")
	}
}

// TestSinkHold: what is held does not leave by itself.
func TestSinkHold(t *testing.T) {
	s, far := sinkPair(t, Limits{})
	s.hold()
	s.push([]byte("late"))
	far.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := far.Read(make([]byte, 1)); err == nil {
		t.Fatalf("%d bytes arrived of what is held", n)
	}
	s.write(nil, time.Now())
	wantArrival(t, far, "late")
}

// TestSinkSlowReader: pushing never waits, and ends the connection at the bound.
func TestSinkSlowReader(t *testing.T) {
	s, far := sinkPair(t, Limits{OutputBuffer: 1 << 20})
	message := bytes.Repeat([]byte("x"), 64<<10)
	begin := time.Now()
	for range 1000 {
		s.push(message)
		if s.mu.TryLock() {
			if waits := len(s.queue) + s.sending; waits > 1<<20 {
				t.Errorf("%d bytes wait", waits)
			}
			s.mu.Unlock()
		}
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("pushing took %v", took)
	}
	if !s.isClosed() {
		t.Error("the queue takes more than its bound")
	}
	if n, err := io.Copy(io.Discard, far); n > 32<<20 {
		t.Errorf("%d bytes arrived, %v", n, err)
	}
	if err := s.write([]byte("x"), time.Now()); err == nil {
		t.Error("a connection that was cut off can be written to")
	}
}

// TestSinkLongReply: who reads all the time gets a reply that takes longer than a write may.
func TestSinkLongReply(t *testing.T) {
	near, far := net.Pipe()
	limits := Limits{WriteTimeout: time.Second}.WithDefaults()
	s := newSink(near, func() *Limits { return &limits })
	defer s.close()
	sent := make(chan error, 1)
	go func() { sent <- s.write(make([]byte, 8*sendPiece), time.Now()) }()
	far.SetReadDeadline(time.Now().Add(10 * limits.WriteTimeout))
	piece := make([]byte, sendPiece)
	for range 8 {
		time.Sleep(limits.WriteTimeout / 5)
		if _, err := io.ReadFull(far, piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

func TestSinkClose(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 50 {
		s, _ := sinkPair(t, Limits{})
		s.push([]byte(strings.Repeat("x", 1000)))
		done := make(chan struct{})
		go func() {
			for range 100 {
				s.push([]byte("y"))
			}
			close(done)
		}()
		s.close()
		s.close()
		<-done
		s.push([]byte("z"))
	}
	if after := runtime.NumGoroutine(); after > before+5 {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}

// TestSinkReplyBehindMessages: a reply has the time for writing to itself, too, if it has to
// wait for messages that a slow reader takes.
func TestSinkReplyBehindMessages(t *testing.T) {
	near, far := net.Pipe()
	limits := Limits{WriteTimeout: 2 * time.Second}.WithDefaults()
	s := newSink(near, func() *Limits { return &limits })
	defer s.close()
	s.push([]byte("message"))
	began := time.Now()
	for { // until it is being sent
		s.mu.Lock()
		sending := s.sending > 0
		s.mu.Unlock()
		if sending {
			break
		}
		time.Sleep(time.Millisecond)
	}
	sent := make(chan error, 1)
	go func() { sent <- s.write([]byte("reply"), began) }()
	far.SetReadDeadline(time.Now().Add(10 * limits.WriteTimeout))
	for _, want := range []string{"message", "reply"} {
		time.Sleep(limits.WriteTimeout / 5 * 3)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(far, got); err != nil || string(got) != want {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}
