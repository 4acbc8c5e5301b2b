package redis

import (
	"bytes"
	"strconv"

	"github.com/mantisdb/mantisdb/server/control"
)

// Bounds of a reply as a tree, so that it can be shown: what is beyond is left out, and
// told to be.
const (
	mostItems = 10_000   // at all depths
	mostText  = 64 << 10 // bytes of one text
	mostTexts = 1 << 20  // bytes of all texts
)

// replyTypes are what the first byte of a reply says that it is.
var replyTypes = map[byte]string{
	'+': "simple", '-': "error", ':': "integer", '$': "string", '*': "array", '_': "null", '%': "map",
	'~': "set", ',': "double", '#': "boolean", '>': "push", '=': "verbatim", '(': "big",
}

// replyReader makes a tree of a reply as a Writer has written it, which makes sense
// therefore.
type replyReader struct {
	rest         []byte
	items, texts int // how much more may be kept
}

func newReplyReader(reply []byte) *replyReader {
	return &replyReader{rest: reply, items: mostItems, texts: mostTexts}
}

// read is the next reply, without the attributes that may stand before it.
func (r *replyReader) read() control.Reply {
	kind, line := r.line()
	for kind == '|' {
		for range 2 * length(line) {
			r.skip()
		}
		kind, line = r.line()
	}
	reply := control.Reply{Type: replyTypes[kind]}
	switch kind {
	case '*', '~', '>', '%', '$', '=':
		n := length(line)
		switch {
		case n < 0:
			reply.Type = "null"
		case kind == '%':
			r.readItems(&reply, 2*n, 2)
		case kind == '$':
			reply.Text, reply.Cut = r.keep(r.bulk(n))
		case kind == '=':
			reply.Text, reply.Cut = r.keep(r.bulk(n)[len("txt:"):])
		default:
			r.readItems(&reply, n, 1)
		}
	case '#':
		reply.Text = strconv.AppendBool(nil, string(line) == "t")
	case '_':
	default:
		reply.Text, reply.Cut = r.keep(line)
	}
	return reply
}

// readItems reads n items, of which step belong together.
func (r *replyReader) readItems(reply *control.Reply, n, step int) {
	reply.Items = make([]control.Reply, 0, min(n, r.items))
	for done := 0; done < n; done += step {
		if r.items < step || r.texts == 0 {
			for range n - done {
				r.skip()
			}
			reply.Cut = int64(n - done)
			return
		}
		r.items -= step
		for range step {
			reply.Items = append(reply.Items, r.read())
		}
	}
}

// skip passes over a reply.
func (r *replyReader) skip() {
	for left := 1; left > 0; left-- {
		switch kind, line := r.line(); kind {
		case '$', '=':
			if n := length(line); n >= 0 {
				r.bulk(n)
			}
		case '*', '~', '>':
			left += max(length(line), 0)
		case '%':
			left += 2 * length(line)
		case '|':
			left += 2*length(line) + 1
		}
	}
}

// line is the next line: its first byte, and what follows.
func (r *replyReader) line() (kind byte, text []byte) {
	line, rest, _ := bytes.Cut(r.rest, []byte("\r\n"))
	r.rest = rest
	if len(line) == 0 {
		return '_', nil
	}
	return line[0], line[1:]
}

// bulk is the next n bytes, which a line's end follows.
func (r *replyReader) bulk(n int) []byte {
	text := r.rest[:n]
	r.rest = r.rest[n+len("\r\n"):]
	return text
}

// keep is as much of a text as may be kept, and how much was left out.
func (r *replyReader) keep(text []byte) (kept []byte, cut int64) {
	n := min(len(text), mostText, r.texts)
	r.texts -= n
	return bytes.Clone(text[:n]), int64(len(text) - n)
}

// length is the number on a line, which the writer has written.
func length(line []byte) int {
	n, _ := strconv.Atoi(string(line))
	return n
}
