package redis

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
)

// What redis-server 7.0.15 gives for some values. The compressed ones are those that this
// server writes otherwise.
var redisDumps = []struct {
	value, dump string
	compressed  bool
}{
	{"", "00000a005d9b5c400f7fa2da", false},
	{"bar", "00036261720a00e6be4960ee66fd17", false},
	{"-128", "00c0800a009966326d2f0c5bd9", false},
	{"300", "00c12c010a00954261f265825c10", false},
	{"-70000", "00c290eefeff0a002875de7b13eb2800", false},
	{"2147483648", "000a323134373438333634380a00e7b129a34c1d76ee", false},
	{"007", "00033030370a007258e27b4c69bad9", false},
	{strings.Repeat("a", 100), "00c3094064016161e057000161610a00e8a3b507b06df271", true},
	{strings.Repeat("abcdefgh", 40) + "x", "00c313414108616263646566676861e0ff07e125070168780a00089b300aaebd77d7", true},
	{"the quick brown fox, the quick brown dog, the quick brown cat",
		"00c3253d1574686520717569636b2062726f776e20666f782c2074e0061402646f67e00914026361740a00dd0b159c70b16ce8", true},
	{unhex("7942bdf22106f0847762f0f3cb4d764dc7072051159a0f89f2c6dacae344bb311245fd6f84df9ad7c5b3d076ac0e8f53a7356c88913f20f6f72db022d24d0a96dad43c1617c1"),
		"0040467942bdf22106f0847762f0f3cb4d764dc7072051159a0f89f2c6dacae344bb311245fd6f84df9ad7c5b3d076ac0e8f53a7356c88913f20f6f72db022d24d0a96dad43c1617c10a00415a164a87f2c05d", false},
}

// redisListDump is what redis-server gives for a list.
const redisListDump = "120102090900000001000101ff0a0010828f9209b3f446"

func unhex(text string) string {
	raw, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func TestRDBChecksum(t *testing.T) {
	if got := rdbChecksum([]byte("123456789")); got != 0xe9c6d914c4b8d9ca {
		t.Errorf("%x", got)
	}
}

func TestDumpsOfRedis(t *testing.T) {
	for _, c := range redisDumps {
		dump := []byte(unhex(c.dump))
		if got, err := parseDump(dump); err != nil || string(got) != c.value {
			t.Errorf("%s: %q, %v, want %q", c.dump, got, err, c.value)
		}
		if ours := appendDump(nil, []byte(c.value)); !c.compressed && !bytes.Equal(ours, dump) {
			t.Errorf("%q: %x, and Redis gives %s", c.value, ours, c.dump)
		}
		for at := range dump {
			damaged := bytes.Clone(dump)
			damaged[at] ^= 0x10
			if _, err := parseDump(damaged); err != errBadPayload {
				t.Errorf("%s: damage at %d: %v", c.dump, at, err)
			}
		}
	}
	if _, err := parseDump([]byte(unhex(redisListDump))); err != errBadFormat {
		t.Errorf("a list: %v", err)
	}
}

// sealed is an object with a footer that fits.
func sealed(object ...byte) []byte {
	dump := append(object, rdbVersion, 0)
	sum := rdbChecksum(dump)
	for range 8 {
		dump = append(dump, byte(sum))
		sum >>= 8
	}
	return dump
}

func TestDumpLengths(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 16383, 16384, 100_000} {
		value := make([]byte, n)
		for i := range value {
			value[i] = byte(rand.Uint32())
		}
		if got, err := parseDump(appendDump([]byte("before"), value)[len("before"):]); err != nil || !bytes.Equal(got, value) {
			t.Errorf("%d bytes: %d, %v", n, len(got), err)
		}
	}
	long := sealed(rdbString, length64, 0, 0, 0, 0, 0, 0, 0, 3, 'a', 'b', 'c')
	if got, err := parseDump(long); err != nil || string(got) != "abc" {
		t.Errorf("a length of 64 bits: %q, %v", got, err)
	}
}

func TestDumpsThatAreNone(t *testing.T) {
	for name, object := range map[string][]byte{
		"nothing":                   {},
		"another type":              {1, 1, 'a'},
		"no string":                 {rdbString},
		"a short string":            {rdbString, 4, 'a', 'b', 'c'},
		"a long string":             {rdbString, 2, 'a', 'b', 'c'},
		"a short length of 14 bits": {rdbString, 0x40},
		"a short length of 32 bits": {rdbString, length32, 0, 0, 0},
		"a short length of 64 bits": {rdbString, length64, 0, 0},
		"a huge length":             {rdbString, length64, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"an unknown length":         {rdbString, 0x82, 0, 0, 0, 1, 'a'},
		"an unknown encoding":       {rdbString, 0xc4, 1},
		"a short number":            {rdbString, 0xc2, 1, 2, 3},
		"a compressed number":       {rdbString, 0xc3, 0xc0, 1},
		"a huge compressed string":  {rdbString, 0xc3, 2, length32, 0xff, 0xff, 0xff, 0xff, 0, 'a'},
		"a short compressed string": {rdbString, 0xc3, 3, 2, 1, 'a'},
	} {
		if got, err := parseDump(sealed(object...)); err != errBadFormat {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	newer := sealed(rdbString, 1, 'a')
	newer[3]++
	for _, dump := range [][]byte{nil, []byte("..."), newer} {
		if _, err := parseDump(dump); err != errBadPayload {
			t.Errorf("%q: %v", dump, err)
		}
	}
}

// FuzzDump: whatever is given is a value that can be given again, or an error of its own.
func FuzzDump(f *testing.F) {
	for _, c := range redisDumps {
		object := unhex(c.dump)
		f.Add([]byte(object[:len(object)-rdbFooterLen]))
	}
	f.Add([]byte(unhex(redisListDump)))
	f.Fuzz(func(t *testing.T, object []byte) {
		value, err := parseDump(sealed(bytes.Clone(object)...))
		if err != nil {
			if err != errBadFormat {
				t.Fatal(err)
			}
			return
		}
		if again, err := parseDump(appendDump(nil, value)); err != nil || !bytes.Equal(again, value) {
			t.Fatalf("%q: %q, %v", value, again, err)
		}
	})
}
