package redis

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/mantisdb/mantisdb/server/control"
)

// parameter is one of CONFIG. What a Config has said, they can change until the server
// ends.
type parameter struct {
	name  string
	about string // in one line
	kind  string // its type, in the terms of package control
	get   func(r *Request) string
	// set changes it; nil if only the value that it has already is accepted. Its error is
	// what CONFIG SET says behind its own words.
	set       func(r *Request, value string) error
	immutable bool // in Redis as well
	secret    bool // not to be logged
}

// change sets the parameter to a value.
func (p *parameter) change(r *Request, value string) error {
	if p.set != nil {
		return p.set(r, value)
	}
	if value != p.get(r) {
		return Error("this server cannot change it while it runs")
	}
	return nil
}

// fixed is a parameter that only tells how it is.
func fixed(name, about string, get func(r *Request) string) *parameter {
	return &parameter{name: name, about: about, kind: control.TypeText, get: get}
}

// ofKind is a parameter of another type than its constructor has given it.
func ofKind(kind string, p *parameter) *parameter {
	p.kind = kind
	return p
}

// constant is one that is always the same.
func constant(name, value, about string) *parameter {
	return fixed(name, about, func(*Request) string { return value })
}

// immutable is one that Redis does not let change either.
func immutable(p *parameter) *parameter {
	p.immutable = true
	return p
}

// integer is a parameter that is a whole number within bounds.
func integer(name, about string, least, most int64, get func() int64, set func(n int64)) *parameter {
	return numeric(parameter{name: name, about: about, kind: control.TypeNumber}, least, most, parseDecimal, get, set)
}

// memory is a number of bytes, which may be given with a unit.
func memory(name, about string, least, most int64, get func() int64, set func(n int64)) *parameter {
	return numeric(parameter{name: name, about: about, kind: control.TypeSize}, least, most, parseMemory, get, set)
}

func numeric(p parameter, least, most int64, parse func(string) (int64, error), get func() int64, set func(n int64)) *parameter {
	p.get = func(*Request) string { return strconv.FormatInt(get(), 10) }
	p.set = func(_ *Request, value string) error {
		n, err := parse(value)
		if err != nil {
			return err
		}
		if n < least || n > most {
			return Error(fmt.Sprintf("argument must be between %d and %d inclusive", least, most))
		}
		set(n)
		return nil
	}
	return &p
}

func parseDecimal(value string) (int64, error) {
	n, ok := parseInteger([]byte(value))
	if !ok {
		return 0, Error("argument couldn't be parsed into an integer")
	}
	return n, nil
}

// memoryUnits are those of Redis: k is a thousand, kb is 1024.
var memoryUnits = map[string]int64{
	"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 1000 * 1000, "mb": 1 << 20, "g": 1000 * 1000 * 1000, "gb": 1 << 30,
}

func parseMemory(value string) (int64, error) {
	digits := strings.TrimRight(strings.ToLower(value), "bkmg")
	unit, ok := memoryUnits[strings.ToLower(value)[len(digits):]]
	n, isNumber := parseInteger([]byte(digits))
	if !ok || !isNumber || n < 0 || n > math.MaxInt64/unit {
		return 0, Error("argument must be a memory value")
	}
	return n * unit, nil
}
