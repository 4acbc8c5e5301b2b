//go:build linux

package abusetest

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// httpAbuses are those by HTTP.
func httpAbuses() []abuse {
	return []abuse{
		{"headers one by one", 64 << 20, slowLoris},
		{"huge headers", 64 << 20, hugeHeaders},
		{"bodies without an end", 512 << 20, endlessBodies},
		{"bodies of 64 MiB announced", 64 << 20, longBodies},
		{"answers that nobody reads", 128 << 20, unreadAnswers},
	}
}

const beginOfPut = "PUT /api/v1/kv/abused HTTP/1.1\r\nHost: a\r\n"

// slowLoris clients send one header after the other, so that the request goes on.
func slowLoris(t *testing.T, a *abusers) {
	conns := a.connect(t, 500)
	a.send(conns, []byte(beginOfPut))
	for _, conn := range conns {
		a.repeat(100*time.Millisecond, func() error {
			_, err := conn.Write([]byte("X-Header: word\r\n"))
			return err
		})
	}
}

// hugeHeaders are longer than any request needs.
func hugeHeaders(t *testing.T, a *abusers) {
	piece := []byte("X-Header: " + strings.Repeat("word", 4<<10) + "\r\n")
	for range 20 {
		a.repeat(10*time.Millisecond, func() error {
			conn, err := a.dial()
			if err != nil {
				return err
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(time.Second))
			_, err = conn.Write([]byte(beginOfPut))
			for err == nil {
				_, err = conn.Write(piece)
			}
			return nil
		})
	}
}

// endlessBodies come in pieces of which none is the last.
func endlessBodies(t *testing.T, a *abusers) {
	conns := a.connect(t, 4)
	a.send(conns, []byte(beginOfPut+"Transfer-Encoding: chunked\r\n\r\n"))
	piece := []byte("10000\r\n" + strings.Repeat("v", 64<<10) + "\r\n")
	for _, conn := range conns {
		a.repeat(time.Millisecond, func() error {
			_ = conn.SetWriteDeadline(time.Now().Add(time.Minute))
			_, err := conn.Write(piece)
			return err
		})
	}
}

// longBodies are announced, and never come.
func longBodies(t *testing.T, a *abusers) {
	a.send(a.connect(t, 500), []byte(beginOfPut+"Content-Length: 67108864\r\n\r\nabc"))
}

// unreadAnswers: long values and scans that their clients ask for and do not read.
func unreadAnswers(t *testing.T, a *abusers) {
	writer := a.connect(t, 1)[0]
	put := beginOfPut + "Content-Length: 524288\r\n\r\n" + strings.Repeat("v", 512<<10)
	if _, err := writer.Write([]byte(put)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(writer, make([]byte, len("HTTP/1.1 204"))); err != nil {
		t.Fatal(err)
	}
	get := bytes.Repeat([]byte("GET /api/v1/kv/abused HTTP/1.1\r\nHost: a\r\n\r\nGET /api/v1/scan HTTP/1.1\r\nHost: a\r\n\r\n"), 100)
	a.send(a.connectToNotRead(t, 25), get)
}
