package redis

import "testing"

func TestBitfieldReplies(t *testing.T) {
	const badType = replyError("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.")
	newTestServer(t).dial(t).converse([]exchange{
		{"BITFIELD k", replies()},
		{"BITFIELD k GET u8 0 GET i64 100", replies(0, 0)},
		{"BITFIELD k SET i8 0 -100 SET i8 #1 101 GET u16 0", replies(0, 0, 40037)},
		{"GET k", "\x9c\x65"},
		{"BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1", replies(1, 1)},
		{"BITFIELD k INCRBY u2 100 5 OVERFLOW SAT INCRBY u2 102 5", replies(2, 3)},
		{"BITFIELD k OVERFLOW FAIL INCRBY u2 102 1 GET u2 102", replies(nil, 3)},
		{"BITFIELD k OVERFLOW SAT INCRBY i8 0 -100 GET i8 0", replies(-128, -128)},
		{"BITFIELD k OVERFLOW WRAP INCRBY i8 0 -1", replies(127)},
		{"BITFIELD k SET i64 0 -9223372036854775808 INCRBY i64 0 -1", replies(9179743415464624128, 9223372036854775807)},
		{"BITFIELD k OVERFLOW SAT SET u8 0 -1 GET u8 0 SET i8 0 -1000 GET i8 0", replies(127, 255, -1, -128)},
		{"BITFIELD new OVERFLOW FAIL INCRBY u1 0 5", replies(nil)},
		// The value has grown nonetheless, as in Redis.
		{"GET new", "\x00"},
		{"BITFIELD k GET u64 0", badType},
		{"BITFIELD k GET i65 0", badType},
		{"BITFIELD k GET u0 0", badType},
		{"BITFIELD k GET 8 0", badType},
		{`BITFIELD k GET "" 0`, badType},
		{"BITFIELD k GET u8 -1", replyError(errBitOffset)},
		{"BITFIELD k GET u8 #-1", replyError(errBitOffset)},
		{"BITFIELD k GET u8 #", replyError(errBitOffset)},
		{"BITFIELD k GET u8 #67108864", replyError(errBitOffset)},
		{"BITFIELD k GET u8 #9223372036854775807", replyError(errBitOffset)},
		{"BITFIELD k SET u8 0 x", notInteger},
		{"BITFIELD k OVERFLOW bogus", replyError("ERR Invalid OVERFLOW type specified")},
		{"BITFIELD k OVERFLOW", syntax},
		{"BITFIELD k GET u8", syntax},
		{"BITFIELD k SET u8 0", syntax},
		{"BITFIELD k bogus u8 0", syntax},
		{"BITFIELD_RO k GET i8 0 OVERFLOW SAT GET u1 0", replies(-128, 1)},
		{"BITFIELD_RO k", replies()},
		{"BITFIELD_RO k GET u8 0 SET u8 0 1", replyError("ERR BITFIELD_RO only supports the GET subcommand")},
		{"BITFIELD", wrongArity("bitfield")},
	})
}
