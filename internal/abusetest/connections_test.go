//go:build linux

package abusetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// connectionAbuses are those that are no request yet.
func connectionAbuses() []abuse {
	return []abuse{
		{"idle connections", 256 << 20, idle},
		{"half-open requests", 64 << 20, halfOpen},
		{"byte by byte", 64 << 20, byteByByte},
		{"random bytes", 64 << 20, randomBytes},
		{"come and go", 64 << 20, comeAndGo},
	}
}

// idleConnections is how many there are, unless the process may not open so many.
const idleConnections = 10_000

// idle connections: a half says nothing, a half has been answered once.
func idle(t *testing.T, a *abusers) {
	n := idleConnections
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	if room := int(files.Max) - 200; room < n {
		t.Logf("%d connections instead of %d, since a process may open %d files", room, n, files.Max)
		n = room
	}
	conns := a.connect(t, n)
	ping := command("PING")
	for _, conn := range conns[:n/2] {
		if _, err := conn.Write(ping); err != nil {
			t.Fatal(err)
		}
	}
	answer := make([]byte, len("+PONG\r\n"))
	for _, conn := range conns[:n/2] {
		if _, err := conn.Read(answer); err != nil {
			t.Fatal(err)
		}
	}
}

// beginnings are requests that their clients do not finish.
var beginnings = []string{
	"G", "GET", "GET /api/v1/kv/a HTTP/1.1\r\nHost: a\r\n", "PUT /api/v1/kv/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc",
	"*", "*2\r\n$3\r\nGET\r\n$5\r\nab", "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1000000\r\nabc", "SET a", "\x16\x03\x01\x02\x00\x01",
}

// halfOpen clients send the beginning of a request, and nothing more.
func halfOpen(t *testing.T, a *abusers) {
	conns := a.connect(t, 100*len(beginnings))
	for i, text := range beginnings {
		a.send(conns[i*100:(i+1)*100], []byte(text))
	}
}

// byteByByte clients send a request in steps of one byte. Ten a second are more trouble
// than one.
func byteByByte(t *testing.T, a *abusers) {
	requests := [][]byte{
		command("SET", "slow", "a value that takes its time to come"),
		[]byte("PUT /api/v1/kv/slow HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nX-Header: one, two, three\r\n\r\n"),
		[]byte("SET slow value as a line\r\n"),
	}
	for i, conn := range a.connect(t, 600) {
		request, sent := requests[i%len(requests)], 0
		a.repeat(100*time.Millisecond, func() error {
			_, err := conn.Write(request[sent%len(request):][:1])
			sent++
			return err
		})
	}
}

// randomBytes come from clients that do not know themselves what they want.
func randomBytes(_ *testing.T, a *abusers) {
	for seed := range uint64(4) {
		noise := mathrand.NewChaCha8([32]byte{byte(seed)})
		a.repeat(time.Millisecond, func() error {
			conn, err := a.dial()
			if err != nil {
				return err
			}
			defer conn.Close()
			text := make([]byte, 4<<10)
			_, _ = noise.Read(text)
			_ = conn.SetDeadline(time.Now().Add(100 * time.Millisecond))
			_, _ = conn.Write(text)
			_, _ = conn.Read(text)
			return nil
		})
	}
}

// comeAndGo clients connect and leave at once, with a reset.
func comeAndGo(_ *testing.T, a *abusers) {
	for range 2 {
		a.repeat(time.Millisecond, func() error {
			conn, err := a.dial()
			if err != nil {
				return err
			}
			_ = conn.(*net.TCPConn).SetLinger(0)
			return conn.Close()
		})
	}
}

// encryptedAbuses are those of a port that is encrypted.
func encryptedAbuses() []abuse {
	return []abuse{
		{"silence before the handshake", 64 << 20, func(t *testing.T, a *abusers) { a.connect(t, 2000) }},
		{"half a handshake", 64 << 20, func(t *testing.T, a *abusers) {
			a.send(a.connect(t, 2000), []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"))
		}},
		{"no handshake", 64 << 20, func(t *testing.T, a *abusers) {
			a.send(a.connect(t, 1000), command("PING"))
		}},
		{"random bytes", 64 << 20, randomBytes},
	}
}

// newCertificate makes a certificate and its key, in files.
func newCertificate(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, bytes []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", name, err))
		}
		return path
	}
	return write("certificate.pem", "CERTIFICATE", signed), write("key.pem", "PRIVATE KEY", encoded)
}
