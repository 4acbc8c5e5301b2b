package redis

import (
	"math"
	"strconv"
)

// setOptions are what may follow SET's value.
type setOptions struct {
	ifAbsent, ifPresent bool
	keepTTL             bool
	get                 bool
	expiresAt           int64 // Unix milliseconds; 0: never
}

// set is SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT time | PXAT
// time | KEEPTTL].
func set(r *Request) error {
	options, err := r.parseSetOptions()
	if err != nil {
		return err
	}
	key, value := r.args[1], r.args[2]
	// Without conditions nothing is read, so nothing can conflict.
	if !options.ifAbsent && !options.ifPresent && !options.get && !options.keepTTL {
		return r.setPlain(key, value, options)
	}
	before, found, err := r.get(key)
	if err != nil {
		return err
	}
	if options.keepTTL {
		options.expiresAt = before.ExpiresAt
	}
	stores := !(options.ifAbsent && found || options.ifPresent && !found)
	if stores {
		if err := r.put(key, value, options.expiresAt); err != nil {
			return err
		}
		r.notifySet(key, options)
	}
	switch {
	case options.get && found:
		r.out.Bulk(before.Bytes)
	case options.get || !stores:
		r.out.Null()
	default:
		r.out.OK()
	}
	return nil
}

func (r *Request) setPlain(key, value []byte, options setOptions) error {
	if err := r.put(key, value, options.expiresAt); err != nil {
		return err
	}
	r.notifySet(key, options)
	r.out.OK()
	return nil
}

func (r *Request) notifySet(key []byte, options setOptions) {
	r.notify(notifyString, "set", key)
	if options.expiresAt != 0 && !options.keepTTL {
		r.notify(notifyGeneric, "expire", key)
	}
}

func (r *Request) parseSetOptions() (o setOptions, err error) {
	expiries := 0
	for i := 3; i < len(r.args); i++ {
		switch arg := r.args[i]; {
		case is(arg, "NX") && !o.ifPresent:
			o.ifAbsent = true
		case is(arg, "XX") && !o.ifAbsent:
			o.ifPresent = true
		case is(arg, "GET"):
			o.get = true
		case is(arg, "KEEPTTL"):
			o.keepTTL = true
			expiries++
		default:
			unit, ok := expiryUnits[lower(arg)]
			if !ok || i+1 == len(r.args) {
				return o, errSyntax
			}
			i++
			expiries++
			if expiries > 1 {
				return o, errSyntax
			}
			if o.expiresAt, err = r.expiry(r.args[i], unit); err != nil {
				return o, err
			}
		}
		if expiries > 1 {
			return o, errSyntax
		}
	}
	return o, nil
}

// expiryUnit is how an expiry is given.
type expiryUnit struct {
	millis   int64 // a unit's
	absolute bool  // since 1970
}

var expiryUnits = map[string]expiryUnit{
	"ex": {1000, false}, "px": {1, false}, "exat": {1000, true}, "pxat": {1, true},
}

// expiry is the time that an argument says, in Unix milliseconds. One that is not
// positive is an error.
func (r *Request) expiry(arg []byte, unit expiryUnit) (int64, error) {
	n, ok := parseInteger(arg)
	if !ok {
		return 0, errNotInteger
	}
	invalid := Error("ERR invalid expire time in '" + r.cmd.fullName() + "' command")
	if n <= 0 {
		return 0, invalid
	}
	at, ok := r.expiryAt(n, unit)
	if !ok {
		return 0, invalid
	}
	return at, nil
}

// expiryAt is n units from now or from 1970, in Unix milliseconds, if that is a number of
// 64 bits.
func (r *Request) expiryAt(n int64, unit expiryUnit) (int64, bool) {
	if n > math.MaxInt64/unit.millis || n < math.MinInt64/unit.millis {
		return 0, false
	}
	n *= unit.millis
	if unit.absolute {
		return n, true
	}
	now := r.now.UnixMilli()
	if n > math.MaxInt64-now {
		return 0, false
	}
	return n + now, true
}

func lower(arg []byte) string { return string(appendLower(nil, arg)) }

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }
