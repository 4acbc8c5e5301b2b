package resp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
)

// ErrReplyTooLong says that a reply has more bytes than the reader takes. What follows in the
// stream cannot be told apart any more.
var ErrReplyTooLong = errors.New("resp: the reply is too long")

// replyStep is how many bytes of a string are read at once: a length that is announced alone
// takes no more memory than that.
const replyStep = 1 << 20

// AppendReply reads one reply of either version, with all that it consists of, and appends it
// to dst as it came. The result is at most limit bytes long, dst included, else the error is
// ErrReplyTooLong; what makes no sense is a ProtocolError. With an error, what is appended is
// of no use.
func AppendReply(dst []byte, in *bufio.Reader, limit int) ([]byte, error) {
	for missing := 1; missing > 0; missing-- {
		begin := len(dst)
		var err error
		if dst, err = appendLine(dst, in, limit); err != nil {
			return dst, err
		}
		line := dst[begin : len(dst)-2]
		if len(line) == 0 {
			return dst, ProtocolError("a reply without a type")
		}
		switch line[0] {
		case '+', '-', ':', '_', ',', '#', '(':
		case '$', '=', '!':
			dst, err = appendBulk(dst, line[1:], in, limit)
		case '*', '~', '>':
			missing, err = moreReplies(missing, line[1:], 1, limit)
		case '%':
			missing, err = moreReplies(missing, line[1:], 2, limit)
		case '|': // the reply itself comes behind it
			missing, err = moreReplies(missing+1, line[1:], 2, limit)
		default:
			err = ProtocolError("a reply of an unknown type")
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// appendLine reads a line, with its end.
func appendLine(dst []byte, in *bufio.Reader, limit int) ([]byte, error) {
	begin := len(dst)
	for {
		piece, err := in.ReadSlice('\n')
		if len(dst)+len(piece) > limit {
			return dst, ErrReplyTooLong
		}
		dst = append(dst, piece...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return dst, err
		case len(dst)-begin < 2 || dst[len(dst)-2] != '\r':
			return dst, ProtocolError("a line of a reply without an end")
		default:
			return dst, nil
		}
	}
}

// appendBulk reads a string of a length, which is -1 for none.
func appendBulk(dst, length []byte, in *bufio.Reader, limit int) ([]byte, error) {
	n, ok := parseInt(length)
	if !ok || n < -1 {
		return dst, ProtocolError("a reply of an invalid length")
	}
	if n < 0 {
		return dst, nil
	}
	left := int(n) + 2
	if left > limit-len(dst) {
		return dst, ErrReplyTooLong
	}
	for left > 0 {
		step := min(left, replyStep)
		end := len(dst)
		dst = slices.Grow(dst, step)[:end+step]
		if _, err := io.ReadFull(in, dst[end:]); err != nil {
			return dst, err
		}
		left -= step
	}
	if string(dst[len(dst)-2:]) != "\r\n" {
		return dst, ProtocolError("a string of a reply without an end")
	}
	return dst, nil
}

// moreReplies is how many replies are missing once an array of so many groups has begun, of
// which each takes three bytes at least.
func moreReplies(missing int, count []byte, group, limit int) (int, error) {
	n, ok := parseInt(count)
	if !ok || n < -1 {
		return missing, ProtocolError("a reply of an invalid length")
	}
	const leastReply = 3
	if missing += int(max(n, 0)) * group; missing > limit/leastReply+1 {
		return missing, ErrReplyTooLong
	}
	return missing, nil
}

// ReplyLen is how many bytes of b, which begins with a reply of either version, that has, with all
// that it consists of. What makes no sense or is not whole is a ProtocolError.
func ReplyLen(b []byte) (int, error) {
	at := 0
	for missing := 1; missing > 0; missing-- {
		end := bytes.IndexByte(b[at:], '\n')
		if end < 2 || b[at+end-1] != '\r' {
			return 0, ProtocolError("a line of a reply without an end")
		}
		line := b[at : at+end-1]
		at += end + 1
		var err error
		switch line[0] {
		case '+', '-', ':', '_', ',', '#', '(':
		case '$', '=', '!':
			at, err = afterBulk(b, at, line[1:])
		case '*', '~', '>':
			missing, err = moreReplies(missing, line[1:], 1, len(b))
		case '%':
			missing, err = moreReplies(missing, line[1:], 2, len(b))
		case '|': // the reply itself comes behind it
			missing, err = moreReplies(missing+1, line[1:], 2, len(b))
		default:
			err = ProtocolError("a reply of an unknown type")
		}
		if err != nil {
			return 0, err
		}
	}
	return at, nil
}

// afterBulk is where a string ends that begins at a place and has a length, which is -1 for none.
func afterBulk(b []byte, at int, length []byte) (int, error) {
	n, ok := parseInt(length)
	switch {
	case !ok || n < -1:
		return 0, ProtocolError("a reply of an invalid length")
	case n < 0:
		return at, nil
	}
	end := at + int(n) + 2
	if end > len(b) || string(b[end-2:end]) != "\r\n" {
		return 0, ProtocolError("a string of a reply without an end")
	}
	return end, nil
}

// AppendCommand appends a command as a client sends it.
func AppendCommand(dst []byte, args ...[]byte) []byte {
	w := Writer{Buf: dst}
	w.Array(len(args))
	for _, arg := range args {
		w.Bulk(arg)
	}
	return w.Buf
}
