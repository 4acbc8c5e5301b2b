//go:build linux

package abusetest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// redisAbuses are those by the Redis protocol.
func redisAbuses() []abuse {
	return []abuse{
		{"a bulk of 512 MiB announced", 64 << 20, hugeBulk},
		{"bulks of 64 MiB announced", 128 << 20, longBulks},
		{"a million arguments announced", 128 << 20, manyArguments},
		{"replies that nobody reads", 384 << 20, unreadReplies},
		{"long lines", 128 << 20, longLines},
		{"many words", 128 << 20, manyWords},
		{"queues of MULTI", 256 << 20, queues},
		{"subscribers that do not read", 384 << 20, deafSubscribers},
	}
}

// hugeBulk: more is announced than the server takes, and it says so and hangs up.
func hugeBulk(t *testing.T, a *abusers) {
	conns := a.connect(t, 500)
	a.send(conns, []byte("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870912\r\n"))
	for _, conn := range conns {
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		answer, err := io.ReadAll(conn)
		if err != nil || string(answer) != "-ERR Protocol error: invalid bulk length\r\n" {
			t.Fatalf("%q, %v", answer, err)
		}
	}
}

// longBulks: as much is announced as may be, by many, and little of it comes: more than the
// buffer that a connection begins with.
func longBulks(t *testing.T, a *abusers) {
	a.send(a.connect(t, 1000), []byte("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$67108864\r\n"+strings.Repeat("v", 20<<10)))
}

// manyArguments: as many are announced as may be, and a few come.
func manyArguments(t *testing.T, a *abusers) {
	a.send(a.connect(t, 1000), append([]byte("*1048576\r\n$4\r\nMGET\r\n"), strings.Repeat("$1\r\na\r\n", 1000)...))
}

// unreadReplies: pipelines of reads, whose clients read nothing.
func unreadReplies(t *testing.T, a *abusers) {
	request(t, a.connect(t, 1)[0], "+OK\r\n", "SET", "long", strings.Repeat("v", 1<<20))
	pipeline := bytes.Repeat(command("GET", "long"), 1000)
	for _, conn := range a.connectToNotRead(t, 50) {
		a.repeat(10*time.Millisecond, func() error {
			_, err := conn.Write(pipeline)
			return err
		})
	}
}

// request sends a command that must be answered so.
func request(t *testing.T, conn net.Conn, want string, args ...string) {
	t.Helper()
	if _, err := conn.Write(command(args...)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Fatalf("%q instead of %q, %v", got, want, err)
	}
}

// longLines never end.
func longLines(t *testing.T, a *abusers) {
	piece := bytes.Repeat([]byte("a"), 16<<10)
	for _, conn := range a.connect(t, 200) {
		a.repeat(10*time.Millisecond, func() error {
			_, err := conn.Write(piece)
			return err
		})
	}
}

// manyWords: lines with as many words as there is room for, and with quotes that make the
// server look twice.
func manyWords(t *testing.T, a *abusers) {
	lines := []byte(strings.Repeat("a ", 30_000) + "\r\n" + strings.Repeat(`"\x41" `, 8000) + "\r\n")
	for _, conn := range a.connect(t, 10) {
		a.repeat(200*time.Millisecond, func() error {
			_, err := conn.Write(lines)
			return err
		})
		a.repeat(0, func() error {
			_, err := io.CopyN(io.Discard, conn, 1)
			return err
		})
	}
}

// queues: transactions that are never carried out.
func queues(t *testing.T, a *abusers) {
	set := command("SET", "queued", strings.Repeat("v", 1000))
	for _, conn := range a.connect(t, 100) {
		request(t, conn, "+OK\r\n", "MULTI")
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		if _, err := conn.Write(bytes.Repeat(set, 1000)); err != nil {
			t.Fatal(err)
		}
	}
}

// deafSubscribers read none of many messages, and are cut off for it; then others come.
func deafSubscribers(t *testing.T, a *abusers) {
	publisher := a.connect(t, 1)[0]
	message := command("PUBLISH", "news", strings.Repeat("m", 1<<20))
	publish := func() (receivers int, err error) {
		if _, err := publisher.Write(message); err != nil {
			return 0, err
		}
		_, err = fmt.Fscanf(publisher, ":%d\r\n", &receivers)
		return receivers, err
	}
	subscribe := func() {
		a.send(a.connect(t, 30), command("SUBSCRIBE", "news"))
	}
	subscribe()
	for had, sent := false, 0; ; sent++ {
		receivers, err := publish()
		if err != nil || sent == 1000 {
			t.Fatalf("%d subscribers are left after %d MiB that they did not read, %v", receivers, sent, err)
		}
		if had = had || receivers > 0; had && receivers == 0 {
			break
		}
	}
	subscribe()
	a.repeat(10*time.Millisecond, func() error {
		_, err := publish()
		return err
	})
}
