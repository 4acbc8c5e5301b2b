package redis

import "github.com/mantisdb/mantisdb"

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
	length := 0
	for _, s := range steps {
		if s.kind != bitfieldGet {
			length = max(length, int((s.offset+int64(s.integer.bits)-1)>>3)+1)
		}
	}
	if length > mantisdb.MaxValueLen {
		return errStringTooLong
	}
	key := r.args[1]
	value, _, err := r.get(key)
	if err != nil {
		return err
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
	if !changed && !grows {
		return nil
	}
	if err := r.put(key, value.Bytes, value.ExpiresAt); err != nil {
		return err
	}
	if changed {
		r.notify(notifyString, "setbit", key)
	}
	return nil
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
