package resp

import (
	"bufio"
	"bytes"
	"testing"
)

// FuzzReplyLen: it takes what AppendReply takes, and nothing else.
func FuzzReplyLen(f *testing.F) {
	for _, seed := range []string{
		"+OK\r\n", "-ERR no\r\n:1\r\n", "$3\r\nabc\r\n", "$-1\r\n", "$3\r\nab\r\n", "*2\r\n:1\r\n$1\r\na\r\n", "*-1\r\n",
		"%1\r\n+a\r\n*1\r\n_\r\n", "|1\r\n+a\r\n+b\r\n:1\r\n", "~1\r\n#t\r\n", "\r\n", "", "+\n", "$9999999999\r\n", "*9999\r\n:1\r\n", "!3\r\nERR\r\n", "x\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		want, wantErr := AppendReply(nil, bufio.NewReader(bytes.NewReader(b)), len(b))
		n, err := ReplyLen(b)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: %v, but AppendReply has %v", b, err, wantErr)
		}
		if err == nil && n != len(want) {
			t.Fatalf("%q: %d bytes, but AppendReply has %d", b, n, len(want))
		}
	})
}
