package redis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/eventloop"
)

// testServer serves a database in memory on a real port.
type testServer struct {
	*Server
	db      *mantisdb.DB
	address string
}

func newTestServer(t testing.TB) *testServer { return newTestServerWith(t, Config{}) }

// newTestServerWith is newTestServer with what the test has configured.
func newTestServerWith(t testing.TB, c Config) *testServer {
	t.Helper()
	db, err := mantisdb.Open("", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return newTestServerOf(t, db, c)
}

// newTestServerOf is newTestServerWith of any database; c may have one that wraps it.
func newTestServerOf(t testing.TB, db *mantisdb.DB, c Config) *testServer {
	t.Helper()
	if c.Database == nil && c.Cluster == nil {
		c.Database = db
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	loops, err := eventloop.New(1)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if loops != nil {
				if conn, err = loops.Adopt(conn); err != nil {
					t.Error(err)
				}
			}
			go s.ServeConn(conn)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		if loops != nil {
			defer loops.Close()
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error("Shutdown:", err)
		}
	})
	return &testServer{s, db, l.Addr().String()}
}

// testConn is a client.
type testConn struct {
	net.Conn
	t  testing.TB
	in *bufio.Reader
}

// replyError is a reply that is an error.
type replyError string

// push is a reply that is a message, which is no answer.
type push []any

func (s *testServer) dial(t testing.TB) *testConn {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return newTestConn(t, conn)
}

func newTestConn(t testing.TB, conn net.Conn) *testConn {
	return &testConn{conn, t, bufio.NewReader(conn)}
}

// do sends a command and returns its reply.
func (c *testConn) do(args ...string) any {
	c.t.Helper()
	c.send(args...)
	return c.read()
}

// want is do with the reply that must come.
func (c *testConn) want(want any, args ...string) {
	c.t.Helper()
	if got := c.do(args...); !reflect.DeepEqual(got, want) {
		c.t.Fatalf("%q: %#v, want %#v", args, got, want)
	}
}

// wantNext is what must be read next.
func (c *testConn) wantNext(want any) {
	c.t.Helper()
	if got := c.read(); !reflect.DeepEqual(got, want) {
		c.t.Fatalf("read %#v, want %#v", got, want)
	}
}

// send sends commands, each as its arguments.
func (c *testConn) send(args ...string) {
	c.t.Helper()
	c.write(command(args...))
}

func (c *testConn) write(raw string) {
	c.t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		c.t.Fatal(err)
	}
}

func command(args ...string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&text, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return text.String()
}

// read is the next reply.
func (c *testConn) read() any {
	c.t.Helper()
	reply, err := c.tryRead(10 * time.Second)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply
}

// wantClosed reads that the connection has ended.
func (c *testConn) wantClosed() {
	c.t.Helper()
	if reply, err := c.tryRead(10 * time.Second); err == nil {
		c.t.Fatalf("read %#v of a connection that was to be closed", reply)
	} else if wait, ok := err.(net.Error); ok && wait.Timeout() {
		c.t.Fatal("the connection stays open")
	}
}

func (c *testConn) tryRead(within time.Duration) (any, error) {
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		return nil, err
	}
	return readReply(c.in)
}

func readReply(in *bufio.Reader) (any, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	kind, text := line[0], strings.TrimSuffix(line[1:], "\r\n")
	switch kind {
	case '+':
		return text, nil
	case '-':
		return replyError(text), nil
	case '_':
		return nil, nil
	case ',':
		return strconv.ParseFloat(text, 64)
	case '#':
		return text == "t", nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, err
	}
	switch {
	case kind == ':':
		return n, nil
	case n < 0:
		return nil, nil
	case kind == '$' || kind == '=':
		bytes := make([]byte, n+2)
		_, err := io.ReadFull(in, bytes)
		return string(bytes[:n]), err
	case kind == '%':
		elements, err := readReplies(in, 2*n)
		m := make(map[string]any, n)
		for i := 0; i+1 < len(elements); i += 2 {
			m[fmt.Sprint(elements[i])] = elements[i+1]
		}
		return m, err
	case kind == '>':
		elements, err := readReplies(in, n)
		return push(elements), err
	}
	return readReplies(in, n)
}

func readReplies(in *bufio.Reader, n int64) ([]any, error) {
	elements := make([]any, 0, n)
	for range n {
		element, err := readReply(in)
		if err != nil {
			return elements, err
		}
		elements = append(elements, element)
	}
	return elements, nil
}

// detached is a client whose connection nobody writes to or reads from.
func (s *testServer) detached(t testing.TB) *Client {
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	return s.newClient(near)
}
