package redis

import (
	"strings"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/glob"
)

// rangeOf is where all keys lie that match a pattern: those that begin as it does, up to
// its first character that stands for others; the one key, if there is no such character.
// So a pattern costs what lies there, not what the whole database holds.
func rangeOf(pattern string) mantisdb.Range {
	var prefix []byte
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case strings.IndexByte("*?[", c) >= 0:
			return keysOnly(mantisdb.Prefix(prefix))
		case c == '\\' && i+1 < len(pattern):
			i++
			c = pattern[i]
		}
		prefix = append(prefix, c)
	}
	return keysOnly(mantisdb.Range{Start: prefix, End: append(prefix[:len(prefix):len(prefix)], 0)})
}

func keysOnly(r mantisdb.Range) mantisdb.Range {
	r.KeysOnly = true
	return r
}

// keysOf is KEYS pattern. It looks at the keys of rangeOf, and at no value; the reply is
// in the order of the keys.
func keysOf(r *Request) error {
	pattern := string(r.args[1])
	return r.replyKeys(func(reply func(key []byte)) error {
		scan := r.keys().Scan(rangeOf(pattern))
		for key := range scan.All() {
			if glob.Match(pattern, key) {
				reply(key)
			}
		}
		return scan.Err()
	})
}

// replyKeys writes an array of keys, as many as walk passes on.
func (r *Request) replyKeys(walk func(reply func(key []byte)) error) error {
	begin, count := len(r.out.Buf), 0
	err := walk(func(key []byte) {
		r.out.Bulk(key)
		count++
	})
	if err != nil {
		return err
	}
	r.out.InsertArray(begin, count)
	return nil
}
