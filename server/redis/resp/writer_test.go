package resp

import (
	"math"
	"testing"
)

func TestWriter(t *testing.T) {
	for name, c := range map[string]struct {
		write      func(*Writer)
		two, three string
	}{
		"a status":      {func(w *Writer) { w.Simple("PONG") }, "+PONG\r\n", "+PONG\r\n"},
		"OK":            {func(w *Writer) { w.OK() }, "+OK\r\n", "+OK\r\n"},
		"an error":      {func(w *Writer) { w.Error("ERR a\r\nb") }, "-ERR a  b\r\n", "-ERR a  b\r\n"},
		"a number":      {func(w *Writer) { w.Int(-7) }, ":-7\r\n", ":-7\r\n"},
		"a string":      {func(w *Writer) { w.Bulk([]byte("a\r\nb")) }, "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n"},
		"a text":        {func(w *Writer) { w.BulkString("é") }, "$2\r\né\r\n", "$2\r\né\r\n"},
		"a number text": {func(w *Writer) { w.BulkInt(math.MinInt64) }, "$20\r\n-9223372036854775808\r\n", "$20\r\n-9223372036854775808\r\n"},
		"null":          {func(w *Writer) { w.Null() }, "$-1\r\n", "_\r\n"},
		"no array":      {func(w *Writer) { w.NullArray() }, "*-1\r\n", "_\r\n"},
		"an array":      {func(w *Writer) { w.Array(2) }, "*2\r\n", "*2\r\n"},
		"a map":         {func(w *Writer) { w.Map(2) }, "*4\r\n", "%2\r\n"},
		"a set":         {func(w *Writer) { w.Set(2) }, "*2\r\n", "~2\r\n"},
		"a message":     {func(w *Writer) { w.Push(3) }, "*3\r\n", ">3\r\n"},
		"true":          {func(w *Writer) { w.Bool(true) }, ":1\r\n", "#t\r\n"},
		"false":         {func(w *Writer) { w.Bool(false) }, ":0\r\n", "#f\r\n"},
		"a fraction":    {func(w *Writer) { w.Double(1.5) }, "$3\r\n1.5\r\n", ",1.5\r\n"},
		"infinity":      {func(w *Writer) { w.Double(math.Inf(-1)) }, "$4\r\n-inf\r\n", ",-inf\r\n"},
		"a big number":  {func(w *Writer) { w.BigNumber("12") }, "$2\r\n12\r\n", "(12\r\n"},
		"a plain text":  {func(w *Writer) { w.Verbatim("txt", "hi") }, "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"},
	} {
		for proto, want := range map[int]string{0: c.two, 2: c.two, 3: c.three} {
			w := Writer{Proto: proto}
			if c.write(&w); string(w.Buf) != want {
				t.Errorf("%s in version %d: %q, want %q", name, proto, w.Buf, want)
			}
		}
	}
}

func TestSplitWords(t *testing.T) {
	for line, want := range map[string][]string{
		"":                      {},
		"  a  bc ":              {"a", "bc"},
		`"a b" c`:               {"a b", "c"},
		`a"b"`:                  {"ab"},
		`"\x4a\n\t\\"`:          {"J\n\t\\"},
		`'\x4a\'b'`:             {`\x4a'b`},
		`"\xzz"`:                {"xzz"},
		"requirepass \"s p\"\r": {"requirepass", "s p"},
		`"`:                     nil,
		`'a`:                    nil,
		`"a"b`:                  nil,
		`"a\`:                   nil,
	} {
		words, ok := SplitWords([]byte(line))
		if ok != (want != nil) || ok && len(words) != len(want) {
			t.Errorf("%q: %q, %v", line, words, ok)
			continue
		}
		for i := range want {
			if string(words[i]) != want[i] {
				t.Errorf("%q: word %d is %q, want %q", line, i, words[i], want[i])
			}
		}
	}
}
