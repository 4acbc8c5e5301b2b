package server

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

func TestSniff(t *testing.T) {
	for first, want := range map[string]protocol{
		"*1\r\n$4\r\nPING\r\n":            protocolRedis,
		"PING\r\n":                        protocolRedis,
		"get k\r\n":                       protocolRedis,
		"GET k\r\n":                       protocolRedis,
		"GET http:key\r\n":                protocolRedis,
		"PUTX\r\n":                        protocolRedis,
		"\x16\x03\x01":                    protocolRedis,
		"\x00":                            protocolRedis,
		"\r\n":                            protocolRedis,
		"GET / HTTP/1.1\r\n":              protocolHTTP,
		"GET /":                           protocolHTTP,
		"OPTIONS * HTTP/1.1\r\n":          protocolHTTP,
		"PRI * HTTP/2.0\r\n":              protocolHTTP,
		"DELETE /api/v1/kv/k HTTP/1.1":    protocolHTTP,
		"GET HTTP://h/ HTTP/1.1\r\n":      protocolHTTP,
		"OPTIONS https://h/ HTTP/1.1\r\n": protocolHTTP,
		"":                                protocolUnknown,
		"G":                               protocolUnknown,
		"GET ":                            protocolUnknown,
		"GET htt":                         protocolUnknown,
		"P":                               protocolUnknown,
	} {
		if got := sniff([]byte(first)); got != want {
			t.Errorf("%q: %v, want %v", first, got, want)
		}
	}
}

// FuzzSniff: what is told stays told however much follows, and mostSniffed bytes suffice.
func FuzzSniff(f *testing.F) {
	for _, seed := range []string{"GET / HTTP/1.1\r\n", "OPTIONS https://h", "*1\r\n", "PUT http", "TRACE *"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		told := protocolUnknown
		for n := range len(stream) + 1 {
			found := sniff(stream[:n])
			if told != protocolUnknown && found != told {
				t.Fatalf("%q: %v, but %v before", stream[:n], found, told)
			}
			if told = found; told == protocolUnknown && n >= mostSniffed {
				t.Fatalf("%q is not told", stream[:n])
			}
		}
		isHTTP := told == protocolHTTP
		if isHTTP && !strings.Contains(string(stream), " ") {
			t.Fatalf("%q is taken for HTTP", stream)
		}
	})
}

// TestSilentConnectionsMayWait: what was begun is to go on soon, but a pool's connection may
// be silent at first.
func TestSilentConnectionsMayWait(t *testing.T) {
	const timeout = 50 * time.Millisecond
	for _, test := range []struct {
		name        string
		mayBeSilent bool
		wait        time.Duration // before what is sent
		sent        string
		want        protocol
	}{
		{"silent for long", true, 4 * timeout, "*1\r\n", protocolRedis},
		{"silent for long where it may not", false, 4 * timeout, "*1\r\n", protocolUnknown},
		{"begun and left", true, 0, "GE", protocolUnknown},
		{"begun and left where it may not be silent", false, 0, "GE", protocolUnknown},
		{"at once", false, 0, "GET / HTTP/1.1\r\n", protocolHTTP},
	} {
		here, there := net.Pipe()
		go func() {
			time.Sleep(test.wait)
			io.WriteString(there, test.sent)
		}()
		found, _, err := sniffConn(here, timeout, test.mayBeSilent)
		if found != test.want || (test.want == protocolUnknown) != errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v, %v", test.name, found, err)
		}
		here.Close()
		there.Close()
	}
}
