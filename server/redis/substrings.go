package redis

import "github.com/mantisdb/mantisdb"

func appendToKey(r *Request) error {
	length, err := r.extend(r.args[1], r.args[2])
	if err != nil {
		return err
	}
	r.notify(notifyString, "append", r.args[1])
	r.out.Int(int64(length))
	return nil
}

// getrange is GETRANGE key start end, both of which are within the range.
func getrange(r *Request) error {
	start, err := r.int(2)
	if err != nil {
		return err
	}
	end, err := r.int(3)
	if err != nil {
		return err
	}
	value, _, err := r.read(r.args[1])
	if err != nil {
		return err
	}
	from, to := indexes(start, end, int64(len(value.Bytes)))
	if from > to || backwards(start, end) {
		from, to = 0, -1
	}
	r.out.Bulk(value.Bytes[from : to+1])
	return nil
}

// indexes are the first and the last index that start and end mean in something of a
// length: below zero they count from the end. Both are within it but where there is none:
// then the first is greater, and at most the length.
func indexes(start, end, length int64) (first, last int64) {
	first = min(max(fromEnd(start, length), 0), length)
	last = min(max(fromEnd(end, length), 0), length-1)
	return first, last
}

func fromEnd(index, length int64) int64 {
	if index < 0 {
		index += length
	}
	return index
}

// backwards tells whether a range that counts from the end ends before it starts, which
// counts even where both are before the beginning.
func backwards(start, end int64) bool { return start < 0 && end < 0 && start > end }

// setrange is SETRANGE key offset value. What is missing before the offset becomes zeros.
func setrange(r *Request) error {
	offset, err := r.int(2)
	if err != nil {
		return err
	}
	if offset < 0 {
		return Error("ERR offset is out of range")
	}
	key, part := r.args[1], r.args[3]
	value, _, err := r.get(key)
	if err != nil {
		return err
	}
	if len(part) > 0 {
		if offset > int64(mantisdb.MaxValueLen-len(part)) {
			return errStringTooLong
		}
		value.Bytes = grown(value.Bytes, int(offset)+len(part))
		copy(value.Bytes[offset:], part)
		if err := r.put(key, value.Bytes, value.ExpiresAt); err != nil {
			return err
		}
		r.notify(notifyString, "setrange", key)
	}
	r.out.Int(int64(len(value.Bytes)))
	return nil
}

// grown is value with zeros at its end, up to a length that it has at least.
func grown(value []byte, length int) []byte {
	if missing := length - len(value); missing > 0 {
		value = append(value, make([]byte, missing)...)
	}
	return value
}
