package server

import (
	"bytes"
	"net"
	"time"
)

// protocol is what a client speaks.
type protocol int

const (
	protocolUnknown protocol = iota // too little was sent to tell
	protocolHTTP
	protocolRedis
)

// httpMethods begin the requests of HTTP, that of HTTP/2's preface among them. What is
// asked for must follow: GET is a command of Redis as well, and typed as a line it is told
// apart by what it gets.
var httpMethods = [][]byte{
	[]byte("GET "), []byte("HEAD "), []byte("POST "), []byte("PUT "), []byte("DELETE "),
	[]byte("PATCH "), []byte("OPTIONS "), []byte("CONNECT "), []byte("TRACE "), []byte("PRI "),
}

// sniff tells a protocol by the first bytes that a client sends. HTTP is a method, a
// space, and a path, *, or a URL; all else is Redis, whose parser has the right words for
// what is neither. A key that begins with a slash is not to be typed after GET as a line.
func sniff(first []byte) protocol {
	for _, method := range httpMethods {
		n := min(len(method), len(first))
		if !bytes.Equal(first[:n], method[:n]) {
			continue
		}
		rest := first[n:]
		switch {
		case len(rest) == 0:
			return protocolUnknown
		case rest[0] == '/' || rest[0] == '*':
			return protocolHTTP
		}
		return sniffURL(rest)
	}
	return protocolRedis
}

// sniffURL tells a request of a proxy, which names a whole URL, or a host, from a key.
func sniffURL(rest []byte) protocol {
	for _, scheme := range [][]byte{[]byte("http://"), []byte("https://")} {
		n := min(len(scheme), len(rest))
		if !bytes.EqualFold(rest[:n], scheme[:n]) {
			continue
		}
		if n < len(scheme) {
			return protocolUnknown
		}
		return protocolHTTP
	}
	return protocolRedis
}

// mostSniffed is how much it takes at most to tell.
const mostSniffed = len("OPTIONS https://")

// sniffConn reads from a connection until the protocol is told, and returns a connection
// from which all of it can be read. It waits for so long from now on, or from the first byte
// on if the client may be silent.
func sniffConn(conn net.Conn, timeout time.Duration, mayBeSilent bool) (protocol, net.Conn, error) {
	waits := !mayBeSilent
	if waits {
		if err := conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
			return protocolUnknown, conn, err
		}
	}
	first := make([]byte, 0, 1024)
	for {
		n, err := conn.Read(first[len(first):cap(first)])
		first = first[:len(first)+n]
		if n > 0 && !waits {
			waits = true
			if err := conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
				return protocolUnknown, conn, err
			}
		}
		if found := sniff(first); len(first) > 0 && (found != protocolUnknown || len(first) >= mostSniffed) {
			return found, &replayed{Conn: conn, first: first}, conn.SetReadDeadline(time.Time{})
		}
		if err != nil {
			return protocolUnknown, conn, err
		}
	}
}

// replayed is a connection of which the first bytes were read already.
type replayed struct {
	net.Conn
	first []byte
}

// Read implements net.Conn.
func (r *replayed) Read(dst []byte) (int, error) {
	if len(r.first) == 0 {
		return r.Conn.Read(dst)
	}
	n := copy(dst, r.first)
	if r.first = r.first[n:]; len(r.first) == 0 {
		r.first = nil
	}
	return n, nil
}

// NetConn is the connection that the bytes were read from.
func (r *replayed) NetConn() net.Conn { return r.Conn }

// CloseWrite ends what is sent, if the connection can do that.
func (r *replayed) CloseWrite() error { return closeWrite(r.Conn) }
