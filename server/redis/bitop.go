package redis

import "encoding/binary"

// bitOperation combines two words of bits.
type bitOperation func(a, b uint64) uint64

// bitOperationOf is the operation of a name, but for NOT, which has one operand.
func bitOperationOf(name []byte) (op bitOperation, ok bool) {
	switch {
	case is(name, "AND"):
		return func(a, b uint64) uint64 { return a & b }, true
	case is(name, "OR"):
		return func(a, b uint64) uint64 { return a | b }, true
	case is(name, "XOR"):
		return func(a, b uint64) uint64 { return a ^ b }, true
	}
	return nil, false
}

// bitop is BITOP operation destination key [key ...]. Of the keys' values, the shorter
// ones count as if zeros followed.
func bitop(r *Request) error {
	op, ok := bitOperationOf(r.args[1])
	not := is(r.args[1], "NOT")
	switch {
	case !ok && !not:
		return errSyntax
	case not && len(r.args) != 4:
		return Error("ERR BITOP NOT must be called with a single source key.")
	}
	result, err := r.combined(op, r.args[3:])
	if err != nil {
		return err
	}
	if not {
		for i := range result {
			result[i] = ^result[i]
		}
	}
	if err := r.storeBits(r.args[2], result); err != nil {
		return err
	}
	r.out.Int(int64(len(result)))
	return nil
}

// combined is what the operation makes of the values of all keys, one after the other.
func (r *Request) combined(op bitOperation, keys [][]byte) ([]byte, error) {
	var result []byte
	for i, key := range keys {
		value, _, err := r.read(key)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			result = append(result, value.Bytes...)
		} else {
			result = combine(op, result, value.Bytes)
		}
	}
	return result, nil
}

// combine is a op b, in a's memory if that is long enough.
func combine(op bitOperation, a, b []byte) []byte {
	a = grown(a, len(b))
	i := 0
	for ; i+8 <= len(b); i += 8 {
		word := op(binary.NativeEndian.Uint64(a[i:]), binary.NativeEndian.Uint64(b[i:]))
		binary.NativeEndian.PutUint64(a[i:], word)
	}
	for ; i < len(a); i++ {
		other := byte(0)
		if i < len(b) {
			other = b[i]
		}
		a[i] = byte(op(uint64(a[i]), uint64(other)))
	}
	return a
}

// storeBits stores the result of BITOP; an empty one is none.
func (r *Request) storeBits(key, result []byte) error {
	if len(result) > 0 {
		r.notify(notifyString, "set", key)
		return r.put(key, result, 0)
	}
	existed, err := r.keys().Has(key)
	if err != nil || !existed {
		return err
	}
	r.notify(notifyGeneric, "del", key)
	return r.delete(key)
}
