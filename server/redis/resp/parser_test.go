package resp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

var testLimits = Limits{MaxBulk: 1 << 20, MaxArgs: 1 << 10, MaxRequest: 4 << 20}

// parseAll gives a parser a stream in pieces of a length, and returns its commands, each
// argument quoted.
func parseAll(stream []byte, piece int, limits Limits) (commands []string, err error) {
	p := NewParser(limits)
	for len(stream) > 0 {
		room := p.Room()
		n := copy(room[:min(len(room), piece)], stream)
		p.Filled(n)
		stream = stream[n:]
		for {
			args, err := p.Next()
			if err != nil {
				return commands, err
			}
			if args == nil {
				break
			}
			commands = append(commands, fmt.Sprintf("%q", args))
		}
	}
	return commands, nil
}

func TestParser(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	for name, c := range map[string]struct {
		stream string
		want   []string
		err    string
	}{
		"an array":             {"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", []string{`["GET" "k"]`}, ""},
		"any bytes":            {"*2\r\n$3\r\nGET\r\n$4\r\n\r\n\x00$\r\n", []string{`["GET" "\r\n\x00$"]`}, ""},
		"an empty argument":    {"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", []string{`["ECHO" ""]`}, ""},
		"a pipeline":           {"*1\r\n$4\r\nPING\r\nGET a\r\n*1\r\n$4\r\nQUIT\r\n", []string{`["PING"]`, `["GET" "a"]`, `["QUIT"]`}, ""},
		"nothing to do":        {"\r\n\n*0\r\n*-1\r\n   \r\nPING\n", []string{`["PING"]`}, ""},
		"a line in quotes":     {`SET "a b" 'c\'d' "\x41\n\"" e` + "\r\n", []string{`["SET" "a b" "c'd" "A\n\"" "e"]`}, ""},
		"an incomplete one":    {"*2\r\n$3\r\nGET\r\n$1\r\nk", nil, ""},
		"a long argument":      {"*2\r\n$4\r\nECHO\r\n$70000\r\n" + long + "\r\n", []string{`["ECHO" "` + long + `"]`}, ""},
		"an unbalanced quote":  {"SET \"a\r\n", nil, "unbalanced quotes in request"},
		"text behind a quote":  {"SET \"a\"b\r\n", nil, "unbalanced quotes in request"},
		"too many arguments":   {"*1025\r\n", nil, "invalid multibulk length"},
		"no number of them":    {"*x\r\n", nil, "invalid multibulk length"},
		"a huge number":        {"*99999999999999999999\r\n", nil, "invalid multibulk length"},
		"no dollar":            {"*1\r\nfoo\r\n", nil, "expected '$', got 'f'"},
		"no length":            {"*1\r\n$\r\n", nil, "invalid bulk length"},
		"a negative length":    {"*1\r\n$-1\r\n", nil, "invalid bulk length"},
		"a length beyond":      {"*1\r\n$536870912\r\n", nil, "invalid bulk length"},
		"an endless line":      {"PING " + long, nil, "too big inline request"},
		"an endless count":     {"*" + long, nil, "too big mbulk count string"},
		"an endless length":    {"*1\r\n$" + long, nil, "too big bulk count string"},
		"what came before one": {"PING\r\n*1\r\n$-1\r\n", []string{`["PING"]`}, "invalid bulk length"},
	} {
		for _, piece := range []int{1, 2, 7, 1 << 20} {
			got, err := parseAll([]byte(c.stream), piece, testLimits)
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s, pieces of %d: %.200v, want %.200v", name, piece, got, c.want)
			}
			var protocol ProtocolError
			switch {
			case c.err == "" && err != nil:
				t.Errorf("%s, pieces of %d: %v", name, piece, err)
			case c.err != "" && (!errors.As(err, &protocol) || string(protocol) != c.err):
				t.Errorf("%s, pieces of %d: error %v, want %q", name, piece, err, c.err)
			}
		}
	}
}

func TestParserBeforeAuthentication(t *testing.T) {
	limits := Limits{MaxBulk: UnauthBulk, MaxArgs: UnauthArgs, MaxRequest: 1 << 20}
	for stream, want := range map[string]ProtocolError{
		"*11\r\n":           "unauthenticated multibulk length",
		"*1\r\n$16385\r\n":  "unauthenticated bulk length",
		"*-x\r\n":           "invalid multibulk length",
		"*1\r\n$-16385\r\n": "invalid bulk length",
	} {
		if _, err := parseAll([]byte(stream), 1<<10, limits); err != want {
			t.Errorf("%q: %v, want %v", stream, err, want)
		}
	}
}

// TestParserTakesMemoryAsBytesCome: a length that is announced alone costs nothing, and
// what a long command took is given back.
func TestParserTakesMemoryAsBytesCome(t *testing.T) {
	const length = 8 << 20
	limits := Limits{MaxBulk: length, MaxArgs: 10, MaxRequest: 2 * length}
	p := NewParser(limits)
	feed := func(b []byte) {
		for len(b) > 0 {
			n := copy(p.Room(), b)
			p.Filled(n)
			b = b[n:]
			if _, err := p.Next(); err != nil {
				t.Fatal(err)
			}
		}
	}
	feed(fmt.Appendf(nil, "*1\r\n$%d\r\n", length))
	if room := len(p.Room()); room > 2*smallBuffer {
		t.Errorf("%d bytes for an announcement", room)
	}
	for sent := 0; sent < length; sent += 1 << 16 {
		feed(make([]byte, 1<<16))
		if most := max(2*(sent+1<<16)+2*smallBuffer, smallBuffer); cap(p.buf) > most {
			t.Fatalf("%d bytes for %d that came", cap(p.buf), sent)
		}
	}
	feed([]byte("\r\n"))
	if room := len(p.Room()); room > largeBuffer {
		t.Errorf("%d bytes are kept after a long command", room)
	}
}

func TestParserBoundsARequest(t *testing.T) {
	limits := Limits{MaxBulk: 1 << 10, MaxArgs: 1 << 10, MaxRequest: 10_000}
	stream := append([]byte("*1000\r\n"), bytes.Repeat([]byte("$100\r\n"+strings.Repeat("x", 100)+"\r\n"), 100)...)
	if _, err := parseAll(stream, 500, limits); err != ProtocolError("request too large") {
		t.Errorf("%v", err)
	}
}

// FuzzParser: whatever comes, in whatever pieces, the commands are the same, an error is
// the same, and no argument is longer than the limits allow.
func FuzzParser(f *testing.F) {
	for _, seed := range []string{
		"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "PING\r\n", "SET \"a\\x41\" 'b'\r\n", "*1\r\n$-1\r\n", "*3\r\n$1\r\n", "\r\n*0\r\n*1\r\n$0\r\n\r\n",
	} {
		f.Add([]byte(seed), 3)
	}
	limits := Limits{MaxBulk: 100, MaxArgs: 20, MaxRequest: 1 << 20}
	f.Fuzz(func(t *testing.T, stream []byte, piece int) {
		piece = 1 + (piece&0xff+0xff)%0xff
		whole, wholeErr := parseAll(bytes.Clone(stream), 1<<20, limits)
		parts, partsErr := parseAll(bytes.Clone(stream), piece, limits)
		if fmt.Sprint(whole) != fmt.Sprint(parts) || wholeErr != partsErr {
			t.Fatalf("at once %v, %v; in pieces of %d %v, %v", whole, wholeErr, piece, parts, partsErr)
		}
	})
}

func BenchmarkParser(b *testing.B) {
	command := []byte("*3\r\n$3\r\nSET\r\n$10\r\nkey:000001\r\n$100\r\n" + strings.Repeat("v", 100) + "\r\n")
	pipeline := bytes.Repeat(command, 16)
	p := NewParser(testLimits)
	b.ReportAllocs()
	b.SetBytes(int64(len(pipeline)))
	for b.Loop() {
		p.Filled(copy(p.Room(), pipeline))
		for {
			args, err := p.Next()
			if err != nil {
				b.Fatal(err)
			}
			if args == nil {
				break
			}
		}
	}
}

// A connection that once sent a command of many arguments keeps no room for as many.
func TestParserKeepsNoRoomForManyArguments(t *testing.T) {
	for what, text := range map[string]string{
		"array": "*20000\r\n" + strings.Repeat("$1\r\na\r\n", 20_000),
		"line":  strings.Repeat("a ", 20_000) + "\r\n",
	} {
		p := NewParser(Limits{MaxBulk: 1 << 20, MaxArgs: 1 << 20, MaxRequest: 1 << 20})
		for len(text) > 0 {
			n := copy(p.Room(), text)
			p.Filled(n)
			text = text[n:]
			args, err := p.Next()
			if err != nil || len(text) == 0 && len(args) != 20_000 {
				t.Fatalf("%s: %d arguments, %v", what, len(args), err)
			}
		}
		p.Room()
		if cap(p.args) > keepArgs || cap(p.spans) > keepArgs {
			t.Errorf("%s: room for %d arguments is kept", what, max(cap(p.args), cap(p.spans)))
		}
	}
}
