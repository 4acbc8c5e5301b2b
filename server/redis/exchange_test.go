package redis

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// exchange is a command as one types it, and its reply.
type exchange struct {
	command string
	want    any
}

// words are a command's arguments; those with spaces or odd bytes are in quotes.
func words(t testing.TB, command string) []string {
	t.Helper()
	var words []string
	for rest := strings.TrimSpace(command); rest != ""; rest = strings.TrimLeft(rest, " ") {
		word, _, _ := strings.Cut(rest, " ")
		if rest[0] != '"' {
			words, rest = append(words, word), rest[len(word):]
			continue
		}
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		word, _ = strconv.Unquote(quoted)
		words, rest = append(words, word), rest[len(quoted):]
	}
	return words
}

// converse has the exchanges one after the other.
func (c *testConn) converse(exchanges []exchange) {
	c.t.Helper()
	for _, e := range exchanges {
		want := e.want
		if n, ok := want.(int); ok {
			want = int64(n)
		}
		if got := c.do(words(c.t, e.command)...); !reflect.DeepEqual(got, want) {
			c.t.Errorf("%s: got %#v, want %#v", e.command, got, want)
		}
	}
}

// replies is an array of replies; an int in it is a number.
func replies(list ...any) []any {
	all := make([]any, 0, len(list))
	for _, reply := range list {
		if n, ok := reply.(int); ok {
			reply = int64(n)
		}
		all = append(all, reply)
	}
	return all
}

const (
	notInteger = replyError("ERR value is not an integer or out of range")
	notFloat   = replyError("ERR value is not a valid float")
	syntax     = replyError("ERR syntax error")
	tooLong    = replyError("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
)

func invalidExpiry(command string) replyError {
	return replyError("ERR invalid expire time in '" + command + "' command")
}

func wrongArity(command string) replyError {
	return replyError("ERR wrong number of arguments for '" + command + "' command")
}
