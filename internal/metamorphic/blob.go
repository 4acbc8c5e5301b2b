package metamorphic

import (
	"fmt"
	"strconv"
	"strings"
)

// Blob is a key or a value of a script: some bytes so many times over, so that long
// ones are short to write. Its text form is the quoted bytes, and `*times` if they
// come more than once.
type Blob struct {
	unit  string
	times int // 0 is once
}

func blob(s string) Blob { return Blob{unit: s} }

func repeated(unit string, times int) Blob {
	if times == 1 {
		times = 0
	}
	return Blob{unit, times}
}

// Bytes are the blob's bytes, not shared with another call's.
func (b Blob) Bytes() []byte { return []byte(b.Text()) }

// Text is the blob's bytes as a string.
func (b Blob) Text() string { return strings.Repeat(b.unit, max(1, b.times)) }

func (b Blob) String() string {
	text := strconv.QuoteToASCII(b.unit)
	if b.times > 1 {
		text += "*" + strconv.Itoa(b.times)
	}
	return text
}

func parseBlob(text string) (Blob, error) {
	b, rest, err := cutBlob(text)
	if err == nil && rest != "" {
		err = fmt.Errorf("%q comes after a string", rest)
	}
	return b, err
}

// cutBlob parses a blob at the beginning of a text, and returns what comes after.
func cutBlob(text string) (b Blob, rest string, err error) {
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return Blob{}, "", fmt.Errorf("%q does not begin with a quoted string", text)
	}
	if b.unit, err = strconv.Unquote(quoted); err != nil {
		return Blob{}, "", fmt.Errorf("%s: %w", quoted, err)
	}
	rest = text[len(quoted):]
	if !strings.HasPrefix(rest, "*") {
		return b, rest, nil
	}
	digits := rest[1:]
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	if b.times, err = strconv.Atoi(digits); err != nil {
		return Blob{}, "", fmt.Errorf("%q: how many times? %w", text, err)
	}
	return b, rest[1+len(digits):], nil
}

// blobs is a list of blobs, with commas in between.
type blobs []Blob

func (list blobs) String() string {
	texts := make([]string, len(list))
	for i, b := range list {
		texts[i] = b.String()
	}
	return strings.Join(texts, ",")
}

func parseBlobs(text string) (list blobs, err error) {
	for {
		b, rest, err := cutBlob(text)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
		if rest == "" {
			return list, nil
		}
		if rest[0] != ',' {
			return nil, fmt.Errorf("%q comes after a string", rest)
		}
		text = rest[1:]
	}
}

func (list blobs) bytes() [][]byte {
	all := make([][]byte, len(list))
	for i, b := range list {
		all[i] = b.Bytes()
	}
	return all
}
