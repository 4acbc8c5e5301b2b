package redis

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// wantNear is a number that is at most so much less than the greatest.
func wantNear(t *testing.T, got any, greatest, less int64) {
	t.Helper()
	if n, ok := got.(int64); !ok || n > greatest || n < greatest-less {
		t.Errorf("%v, want at most %d, and at most %d less", got, greatest, less)
	}
}

func TestExpire(t *testing.T) {
	inBoth(t, func(t *testing.T, c *testConn, want func(want any, args ...string)) {
		at := time.Now().Unix() + 100
		for _, set := range [][2]string{
			{"EXPIRE", "100"}, {"PEXPIRE", "100000"}, {"EXPIREAT", fmt.Sprint(at)}, {"PEXPIREAT", fmt.Sprint(at * 1000)},
		} {
			want(int64(0), set[0], "none", set[1])
			want("OK", "SET", "k", "v")
			want(int64(1), set[0], "k", set[1])
			wantNear(t, c.do("TTL", "k"), 100, 10)
			wantNear(t, c.do("PTTL", "k"), 100_000, 10_000)
			wantNear(t, c.do("EXPIRETIME", "k"), at+2, 10)
			wantNear(t, c.do("PEXPIRETIME", "k"), at*1000+2000, 10_000)
			want("v", "GET", "k")
			for _, past := range []string{"0", "-1", "-1000000"} {
				want("OK", "SET", "k", "v")
				want(int64(1), set[0], "k", past)
				want(int64(0), "EXISTS", "k")
			}
		}
	})
}

func TestTTLWithoutExpiry(t *testing.T) {
	inBoth(t, func(t *testing.T, c *testConn, want func(want any, args ...string)) {
		want("OK", "SET", "k", "v")
		for _, name := range []string{"TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"} {
			want(int64(-1), name, "k")
			want(int64(-2), name, "none")
		}
		want(int64(0), "PERSIST", "k")
		want(int64(0), "PERSIST", "none")
		want(int64(1), "EXPIRE", "k", "100")
		want(int64(1), "PERSIST", "k")
		want(int64(-1), "TTL", "k")
		want("v", "GET", "k")
	})
}

// An expiry that is set and asked for in one pipeline is not farther than it was set.
func TestTTLInPipeline(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.want("OK", "SET", "k", "v")
	for range 200 {
		c.write(command("PEXPIRE", "k", "100000") + command("PTTL", "k"))
		c.wantNext(int64(1))
		wantNear(t, c.read(), 100_000, 10_000)
	}
}

func TestExpireConditions(t *testing.T) {
	inBoth(t, func(t *testing.T, c *testConn, want func(want any, args ...string)) {
		for _, a := range []struct {
			before string // the expiry, empty for none
			after  string
			option string
			set    bool
		}{
			{"", "200", "NX", true}, {"100", "200", "NX", false},
			{"", "200", "XX", false}, {"100", "200", "XX", true},
			{"", "200", "GT", false}, {"100", "200", "GT", true}, {"300", "200", "GT", false},
			{"", "200", "lt", true}, {"100", "200", "LT", false}, {"300", "200", "LT", true},
		} {
			want("OK", "SET", "k", "v")
			if a.before != "" {
				want(int64(1), "EXPIRE", "k", a.before)
			}
			want(one(a.set), "EXPIRE", "k", a.after, a.option)
			ttl := a.before
			if a.set {
				ttl = a.after
			}
			if n, err := strconv.ParseInt(ttl, 10, 64); err == nil {
				wantNear(t, c.do("TTL", "k"), n, 10)
			} else {
				want(int64(-1), "TTL", "k")
			}
		}
		want("OK", "SET", "k", "v", "PXAT", "9000000000000")
		want(int64(0), "PEXPIREAT", "k", "9000000000000", "GT")
		want(int64(0), "PEXPIREAT", "k", "9000000000000", "LT")
	})
}

func TestExpireErrors(t *testing.T) {
	inBoth(t, func(t *testing.T, c *testConn, want func(want any, args ...string)) {
		want("OK", "SET", "k", "v")
		for _, a := range []struct {
			want any
			args []string
		}{
			{errNotInteger.reply(), []string{"EXPIRE", "k", "1.5"}},
			{errNotInteger.reply(), []string{"EXPIRE", "k", ""}},
			{replyError("ERR invalid expire time in 'expire' command"), []string{"EXPIRE", "k", "9223372036854776"}},
			{replyError("ERR invalid expire time in 'expire' command"), []string{"EXPIRE", "k", "9223370399119966"}},
			{replyError("ERR invalid expire time in 'pexpire' command"), []string{"PEXPIRE", "k", "9223372036854775807"}},
			{replyError("ERR invalid expire time in 'expireat' command"), []string{"EXPIREAT", "none", "-9223372036854776"}},
			{replyError("ERR Unsupported option foo"), []string{"EXPIRE", "k", "x", "NX", "foo"}},
			{replyError("ERR NX and XX, GT or LT options at the same time are not compatible"), []string{"EXPIRE", "k", "1", "NX", "GT"}},
			{replyError("ERR GT and LT options at the same time are not compatible"), []string{"EXPIRE", "k", "1", "LT", "GT"}},
		} {
			want(a.want, a.args...)
		}
		want(int64(-1), "TTL", "k")
		// Times that are no time.Duration.
		want(int64(1), "EXPIRE", "k", "9000000000000")
		wantNear(t, c.do("TTL", "k"), 9000000000000, 10)
		want(int64(1), "PEXPIREAT", "k", "9223372036854770000")
		want(int64(9223372036854770000), "PEXPIRETIME", "k")
	})
}

func TestRestore(t *testing.T) {
	inBoth(t, func(t *testing.T, c *testConn, want func(want any, args ...string)) {
		for _, d := range redisDumps {
			want("OK", "RESTORE", "k", "0", unhex(d.dump), "REPLACE")
			want(d.value, "GET", "k")
		}
		want("OK", "SET", "k", "17")
		dump := c.do("DUMP", "k").(string)
		want(nil, "DUMP", "none")
		want(errBusyKey.reply(), "RESTORE", "k", "x", "...")
		want(errSyntax.reply(), "RESTORE", "k", "0", dump, "MORE")
		want(errSyntax.reply(), "RESTORE", "k", "0", dump, "FREQ", "1", "IDLETIME", "1")
		want(replyError("ERR Invalid IDLETIME value, must be >= 0"), "RESTORE", "k", "0", dump, "IDLETIME", "-1")
		want(replyError("ERR Invalid FREQ value, must be >= 0 and <= 255"), "RESTORE", "k", "0", dump, "FREQ", "256")
		want(errNotInteger.reply(), "RESTORE", "k", "x", dump, "REPLACE")
		want(replyError("ERR Invalid TTL value, must be >= 0"), "RESTORE", "k", "-1", dump, "REPLACE")
		want(errBadPayload.reply(), "RESTORE", "k", "0", "...", "REPLACE")
		want(errBadFormat.reply(), "RESTORE", "k", "0", unhex(redisListDump), "REPLACE")
		want("OK", "RESTORE", "k", "9000000000000", dump, "REPLACE", "ABSTTL", "IDLETIME", "7")
		want(int64(9000000000000), "PEXPIRETIME", "k")
		want("OK", "RESTORE", "k", "50000", dump, "REPLACE", "FREQ", "255")
		wantNear(t, c.do("PTTL", "k"), 50_000, 10_000)
		want("OK", "RESTORE", "k", "1", dump, "ABSTTL", "REPLACE")
		want(int64(0), "EXISTS", "k")
		want("OK", "RESTORE", "k", "1", dump, "ABSTTL")
		want(int64(0), "EXISTS", "k")
	})
}
