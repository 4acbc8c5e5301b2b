package server

import (
	"strings"
	"testing"
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
