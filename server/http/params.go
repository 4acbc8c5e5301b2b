package httpapi

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
)

// params are the parameters of a query, read strictly: each at most once, none
// that is unknown. The first failure is kept, and err returns it.
type params struct {
	values  url.Values
	failure error
}

// parseParams reads a raw query whose parameters may be those of known.
func parseParams(rawQuery string, known ...string) params {
	if rawQuery == "" {
		return params{}
	}
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return params{failure: newProblem(malformedRequest, "the query does not parse: %v", err)}
	}
	for name, all := range values {
		if !slices.Contains(known, name) {
			return params{failure: newProblem(malformedRequest, "unknown query parameter %q", name)}
		}
		if len(all) > 1 {
			return params{failure: newProblem(malformedRequest, "query parameter %q is given %d times", name, len(all))}
		}
	}
	return params{values: values}
}

func (p *params) err() error { return p.failure }

// fail keeps the first failure, that of the parameter name.
func (p *params) fail(name string, err error) {
	if p.failure == nil {
		p.failure = newProblem(malformedRequest, "query parameter %q: %v", name, err)
	}
}

// bytes is a parameter's value, percent-decoded; nil if it is absent or empty.
func (p *params) bytes(name string) []byte {
	if s := p.values.Get(name); s != "" {
		return []byte(s)
	}
	return nil
}

// flag is a parameter that is true or false; false if it is absent.
func (p *params) flag(name string) bool {
	s, ok := p.lookup(name)
	if !ok {
		return false
	}
	value, err := strconv.ParseBool(s)
	if err != nil {
		p.fail(name, errors.New("it must be true or false"))
	}
	return value
}

// positive is a parameter that is a positive integer; 0 if it is absent.
func (p *params) positive(name string) uint64 {
	s, ok := p.lookup(name)
	if !ok {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || n == 0 {
		p.fail(name, errors.New("it must be a positive integer"))
	}
	return n
}

// parsed is a parameter as parse reads it, the zero value if it is absent.
func parsed[T any](p *params, name string, parse func(string) (T, error)) T {
	var zero T
	s, ok := p.lookup(name)
	if !ok {
		return zero
	}
	value, err := parse(s)
	if err != nil {
		p.fail(name, err)
		return zero
	}
	return value
}

func (p *params) lookup(name string) (string, bool) {
	all, ok := p.values[name]
	if !ok {
		return "", false
	}
	return all[0], true
}
