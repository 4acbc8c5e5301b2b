package redis

import "math"

// bitfieldStep is one GET, SET or INCRBY of BITFIELD.
type bitfieldStep struct {
	kind     bitfieldKind
	integer  integerType
	offset   int64 // of its first bit
	operand  int64 // what is set or added
	overflow overflowMode
}

type bitfieldKind int

const (
	bitfieldGet bitfieldKind = iota
	bitfieldSet
	bitfieldIncrement
)

func bitfield(r *Request) error {
	steps, writes, err := r.parseBitfield()
	if err != nil {
		return err
	}
	if writes {
		return r.bitfieldWrite(steps)
	}
	return r.bitfieldRead(steps)
}

func bitfieldReadonly(r *Request) error {
	steps, writes, err := r.parseBitfield()
	if err != nil {
		return err
	}
	if writes {
		return Error("ERR BITFIELD_RO only supports the GET subcommand")
	}
	return r.bitfieldRead(steps)
}

func (r *Request) bitfieldRead(steps []bitfieldStep) error {
	value, _, err := r.read(r.args[1])
	if err != nil {
		return err
	}
	r.out.Array(len(steps))
	for _, s := range steps {
		r.out.Int(s.integer.read(value.Bytes, s.offset))
	}
	return nil
}

// bitfieldWrite takes all steps. The value grows as far as the steps may write, even if
// they do not for an overflow; only what is new is told of.
func (r *Request) bitfieldWrite(steps []bitfieldStep) error {
	key := r.args[1]
	value, _, err := r.get(key)
	if err != nil {
		return err
	}
	length := len(value.Bytes)
	for _, s := range steps {
		if s.kind != bitfieldGet {
			length = max(length, int((s.offset+int64(s.integer.bits)-1)>>3)+1)
		}
	}
	grows := length > len(value.Bytes)
	value.Bytes = grown(value.Bytes, length)
	r.out.Array(len(steps))
	changed := false
	for _, s := range steps {
		if wrote, differs := r.bitfieldStep(s, value.Bytes); wrote && (grows || differs) {
			changed = true
		}
	}
	if changed {
		r.notify(notifyString, "setbit", key)
	}
	if !changed && !grows {
		return nil
	}
	return r.put(key, value.Bytes, value.ExpiresAt)
}

// bitfieldStep takes one step and replies its result. It tells whether it wrote, and
// whether that was another number than there was.
func (r *Request) bitfieldStep(s bitfieldStep, value []byte) (wrote, differs bool) {
	before := s.integer.read(value, s.offset)
	if s.kind == bitfieldGet {
		r.out.Int(before)
		return false, false
	}
	reply := before
	var after int64
	var fits bool
	if s.kind == bitfieldSet {
		after, fits = s.integer.sum(s.operand, 0, s.overflow)
	} else {
		after, fits = s.integer.sum(before, s.operand, s.overflow)
		reply = after
	}
	if !fits && s.overflow == overflowFail {
		r.out.Null()
		return false, false
	}
	s.integer.write(value, s.offset, after)
	r.out.Int(reply)
	return true, after != before
}

// parseBitfield is what follows the key: [GET type offset | SET type offset value |
// INCRBY type offset increment | OVERFLOW WRAP|SAT|FAIL] ...
func (r *Request) parseBitfield() (steps []bitfieldStep, writes bool, err error) {
	mode := overflowWrap
	for i := 2; i < len(r.args); {
		rest := r.args[i:]
		if is(rest[0], "OVERFLOW") && len(rest) > 1 {
			if mode, err = parseOverflowMode(rest[1]); err != nil {
				return nil, false, err
			}
			i += 2
			continue
		}
		s := bitfieldStep{overflow: mode}
		takes := 0
		switch {
		case is(rest[0], "GET"):
			s.kind, takes = bitfieldGet, 3
		case is(rest[0], "SET"):
			s.kind, takes = bitfieldSet, 4
		case is(rest[0], "INCRBY"):
			s.kind, takes = bitfieldIncrement, 4
		}
		if takes == 0 || len(rest) < takes {
			return nil, false, errSyntax
		}
		if err := s.parse(rest[1:takes]); err != nil {
			return nil, false, err
		}
		writes = writes || s.kind != bitfieldGet
		steps = append(steps, s)
		i += takes
	}
	return steps, writes, nil
}

// parse reads the type, the offset and the operand, if there is one. Behind #, the offset
// is in integers of the type.
func (s *bitfieldStep) parse(args [][]byte) (err error) {
	if s.integer, err = parseIntegerType(args[0]); err != nil {
		return err
	}
	if len(args[1]) > 0 && args[1][0] == '#' {
		s.offset, err = bitOffset(args[1][1:])
		s.offset *= int64(s.integer.bits)
		if err == nil && s.offset > lastBit {
			err = errBitOffset
		}
	} else {
		s.offset, err = bitOffset(args[1])
	}
	if err != nil || s.kind == bitfieldGet {
		return err
	}
	var ok bool
	if s.operand, ok = parseInteger(args[2]); !ok {
		return errNotInteger
	}
	return nil
}

// overflowMode is what becomes of a number that an integer has no room for.
type overflowMode int

const (
	overflowWrap overflowMode = iota // its low bits
	overflowSat                      // the nearest that there is room for
	overflowFail                     // nothing is written
)

func parseOverflowMode(arg []byte) (overflowMode, error) {
	switch {
	case is(arg, "WRAP"):
		return overflowWrap, nil
	case is(arg, "SAT"):
		return overflowSat, nil
	case is(arg, "FAIL"):
		return overflowFail, nil
	}
	return 0, Error("ERR Invalid OVERFLOW type specified")
}

// integerType is an integer of 1 to 64 bits with a sign, or of 1 to 63 without.
type integerType struct {
	signed bool
	bits   int
}

func parseIntegerType(arg []byte) (integerType, error) {
	const invalid Error = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
	if len(arg) == 0 || arg[0] != 'i' && arg[0] != 'u' {
		return integerType{}, invalid
	}
	t := integerType{signed: arg[0] == 'i'}
	most := int64(63)
	if t.signed {
		most = 64
	}
	n, ok := parseInteger(arg[1:])
	if !ok || n < 1 || n > most {
		return integerType{}, invalid
	}
	t.bits = int(n)
	return t, nil
}

// read is the integer that begins at a bit. Beyond the end of the value, bits are 0.
func (t integerType) read(value []byte, offset int64) int64 {
	var n uint64
	for i := range int64(t.bits) {
		n = n<<1 | uint64(bit(value, offset+i))
	}
	return t.lowBits(n)
}

// write writes an integer into a value that is long enough.
func (t integerType) write(value []byte, offset, n int64) {
	for i := range t.bits {
		putBit(value, offset+int64(i), byte(n>>(t.bits-1-i)&1))
	}
}

// lowBits is the integer whose bits are the low ones of n.
func (t integerType) lowBits(n uint64) int64 {
	unused := 64 - t.bits
	if t.signed {
		return int64(n<<unused) >> unused
	}
	return int64(n << unused >> unused)
}

// bounds are the least and the greatest integer of the type.
func (t integerType) bounds() (least, most int64) {
	if t.signed {
		most = math.MaxInt64 >> (64 - t.bits)
		return -most - 1, most
	}
	return 0, math.MaxInt64 >> (63 - t.bits)
}

// sum adds two numbers. If the integer has no room for the sum, that does not fit, and
// what is returned is what is written instead. A negative number that is to be stored
// without a sign is a very large one.
func (t integerType) sum(a, b int64, mode overflowMode) (sum int64, fits bool) {
	least, most := t.bounds()
	above := a > most || b > 0 && a > most-b || !t.signed && a < 0
	below := !above && (a < least || b < 0 && a < least-b)
	switch {
	case !above && !below:
		return a + b, true
	case mode == overflowSat && above:
		return most, false
	case mode == overflowSat:
		return least, false
	}
	return t.lowBits(uint64(a) + uint64(b)), false
}
