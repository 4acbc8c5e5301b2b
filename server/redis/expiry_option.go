package redis

import (
	"math"
	"time"
)

// expiryOption is EX, PX, EXAT or PXAT and what follows it.
type expiryOption struct {
	unit expiryUnit
	arg  []byte
}

func (o *expiryOption) given() bool { return o.unit.millis != 0 }

// take takes the option that args begin with, if they do. The same one again replaces the
// first, another one is none that may stand beside it.
func (o *expiryOption) take(args [][]byte) bool {
	unit, ok := expiryUnitOf(args[0])
	if !ok || len(args) == 1 || o.given() && o.unit != unit {
		return false
	}
	o.unit, o.arg = unit, args[1]
	return true
}

// expiryOf is what an option says, never if it is not given.
func (r *Request) expiryOf(o expiryOption) (expiry, error) {
	if !o.given() {
		return expiry{}, nil
	}
	at, err := r.expiry(o.arg, o.unit)
	if err != nil {
		return expiry{}, err
	}
	e := expiry{at: at}
	if ms := at - r.now.UnixMilli(); !o.unit.absolute && ms <= math.MaxInt64/int64(time.Millisecond) {
		e.ttl = time.Duration(ms) * time.Millisecond
	}
	return e, nil
}

// expiryUnit is how an expiry is given.
type expiryUnit struct {
	millis   int64 // a unit's
	absolute bool  // since 1970
}

var (
	secondsFromNow = expiryUnit{1000, false}
	millisFromNow  = expiryUnit{1, false}
	secondsOfUnix  = expiryUnit{1000, true}
	millisOfUnix   = expiryUnit{1, true}
)

// expiryUnitOf is the unit of an option's name.
func expiryUnitOf(name []byte) (unit expiryUnit, ok bool) {
	switch {
	case is(name, "EX"):
		return secondsFromNow, true
	case is(name, "PX"):
		return millisFromNow, true
	case is(name, "EXAT"):
		return secondsOfUnix, true
	case is(name, "PXAT"):
		return millisOfUnix, true
	}
	return expiryUnit{}, false
}

// expiry is the time that an argument says, in Unix milliseconds. One that is not
// positive is an error.
func (r *Request) expiry(arg []byte, unit expiryUnit) (int64, error) {
	n, ok := parseInteger(arg)
	if !ok {
		return 0, errNotInteger
	}
	if n > 0 {
		if at, ok := r.expiryAt(n, unit); ok {
			return at, nil
		}
	}
	return 0, Error("ERR invalid expire time in '" + r.cmd.fullName() + "' command")
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
