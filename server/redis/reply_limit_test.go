package redis

import (
	"strings"
	"testing"
)

// TestLongReplies: a pipeline of long values is answered value by value, and one command
// whose reply would be too long gets an error instead, or where that cannot be told any
// more, loses its connection; others do not notice.
func TestLongReplies(t *testing.T) {
	const length = 1 << 20
	s := newTestServerWith(t, Config{Limits: Limits{MaxReply: 4 * length}})
	c, other := s.dial(t), s.dial(t)
	value := strings.Repeat("v", length)
	c.want("OK", "SET", "k", value)
	c.write(strings.Repeat(command("GET", "k"), 20))
	for range 20 {
		c.wantNext(value)
	}
	c.want([]any{value, value, value}, "MGET", "k", "k", "k")
	c.want(replyError(errReplyTooLong), "MGET", "k", "k", "k", "k", "k")
	c.write(command("MULTI") + strings.Repeat(command("GET", "k"), 5) + command("EXEC"))
	c.wantNext("OK")
	for range 5 {
		c.wantNext("QUEUED")
	}
	c.wantClosed()
	other.want("PONG", "PING")
}
