package redis

import "math"

func incr(r *Request) error { return r.incrementBy(1) }

func decr(r *Request) error { return r.incrementBy(-1) }

func incrby(r *Request) error {
	by, err := r.int(2)
	if err != nil {
		return err
	}
	return r.incrementBy(by)
}

func decrby(r *Request) error {
	by, err := r.int(2)
	if err != nil {
		return err
	}
	if by == math.MinInt64 {
		return Error("ERR decrement would overflow")
	}
	return r.incrementBy(-by)
}

// incrementBy adds to the number under the first argument, and replies the sum.
func (r *Request) incrementBy(by int64) error {
	key := r.args[1]
	sum, err := r.increment(key, by)
	if err != nil {
		return err
	}
	r.notify(notifyString, "incrby", key)
	r.out.Int(sum)
	return nil
}

// incrbyfloat adds to a number with a fraction, which keeps its expiry.
func incrbyfloat(r *Request) error {
	key := r.args[1]
	value, found, err := r.get(key)
	if err != nil {
		return err
	}
	if !found {
		value.Bytes = []byte("0")
	}
	n, ok := parseLongDouble(value.Bytes)
	by, alsoOK := parseLongDouble(r.args[2])
	if !ok || !alsoOK {
		return errNotFloat
	}
	sum, ok := n.plus(by)
	if !ok {
		return Error("ERR increment would produce NaN or Infinity")
	}
	text := sum.appendTo(nil)
	if err := r.put(key, text, value.ExpiresAt); err != nil {
		return err
	}
	r.notify(notifyString, "incrbyfloat", key)
	r.out.Bulk(text)
	return nil
}
