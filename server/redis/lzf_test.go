package redis

import (
	"bytes"
	"testing"
)

func TestUnpackLZFRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		packed []byte
		length int
	}{
		"nothing":                      {nil, 1},
		"too little":                   {[]byte{0, 'a'}, 2},
		"too much":                     {[]byte{1, 'a', 'b'}, 1},
		"no bytes":                     {[]byte{1, 'a'}, 2},
		"a repetition of nothing":      {[]byte{0x20, 0}, 3},
		"a repetition of before":       {[]byte{0, 'a', 0x20, 1}, 4},
		"a repetition that is cut off": {[]byte{0, 'a', 0x20}, 4},
		"a long one that is cut off":   {[]byte{0, 'a', 0xe0}, 10},
		"one that is cut off later":    {[]byte{0, 'a', 0xe0, 0}, 10},
		"one that is too long":         {[]byte{0, 'a', 0xe0, 255, 0}, 200},
		"a length that cannot be":      {[]byte{0, 'a'}, 1 << 40},
	} {
		if got, err := unpackLZF(c.packed, c.length); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// FuzzLZF: what is unpacked is what a byte at a time gives, and no memory is taken but for
// what there can be.
func FuzzLZF(f *testing.F) {
	f.Add([]byte{1, 'a', 'a', 0xe0, 0x57, 0, 1, 'a', 'a'}, uint32(100))
	f.Add([]byte{0, 'a', 0xe0, 255, 0}, uint32(265))
	f.Add([]byte{7, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 0x20, 3, 0x40, 0}, uint32(15))
	f.Fuzz(func(t *testing.T, packed []byte, length32 uint32) {
		length := int(length32)
		got, err := unpackLZF(packed, length)
		want, ok := unpackSlowly(packed)
		if (err == nil) != (ok && len(want) == length) {
			t.Fatalf("%v, and the slow way: %v, %d bytes of %d", err, ok, len(want), length)
		}
		if err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}

func unpackSlowly(packed []byte) (out []byte, ok bool) {
	next := func() int {
		if len(packed) == 0 {
			ok = false
			return 0
		}
		b := packed[0]
		packed = packed[1:]
		return int(b)
	}
	for ok = true; ok && len(packed) > 0; {
		head := next()
		if head < 32 {
			for range head + 1 {
				out = append(out, byte(next()))
			}
			continue
		}
		n := head / 32
		if n == 7 {
			n += next()
		}
		back := head%32*256 + next() + 1
		for range n + 2 {
			if back > len(out) {
				return nil, false
			}
			out = append(out, out[len(out)-back])
		}
	}
	return out, ok
}
