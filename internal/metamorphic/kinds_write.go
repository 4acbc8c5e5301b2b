package metamorphic

import (
	"errors"

	"github.com/mantisdb/mantisdb"
)

var writeKinds = []kind{
	{"put", 100, (*generator).put, runPut},
	{"put-with", 40, (*generator).putWith, runPutWith},
	{"put-ttl", 20, (*generator).putTTL, runPutTTL},
	{"put-if-absent", 40, (*generator).putWith, runPutIfAbsent},
	{"delete", 60, (*generator).anyKey, runDelete},
	{"delete-with", 10, (*generator).deleteWith, runDeleteWith},
	{"delete-range", 6, (*generator).deleteRange, runDeleteRange},
}

func runPut(t *target, o *Op) {
	if t.err("Put", t.in(o).Put(o.Key.Bytes(), o.Value.Bytes()), t.invalid(o)) {
		t.set(t.newEntry(o))
	}
}

func runPutWith(t *target, o *Op) {
	if t.err("PutWith", t.in(o).PutWith(o.Key.Bytes(), o.Value.Bytes(), o.writeOptions()), t.invalid(o)) {
		t.set(t.newEntry(o))
	}
}

func runPutTTL(t *target, o *Op) {
	if t.err("PutTTL", t.in(o).PutTTL(o.Key.Bytes(), o.Value.Bytes(), o.TTL), t.invalidWithTTL(o)) {
		t.set(t.newEntry(o))
	}
}

// invalidWithTTL is invalid of what must have a time to live.
func (t *target) invalidWithTTL(o *Op) error {
	if o.TTL == 0 {
		return errors.Join(mantisdb.ErrInvalidTTL, t.invalid(o))
	}
	return t.invalid(o)
}

// runPutIfAbsent has no options if the durability is none.
func runPutIfAbsent(t *target, o *Op) {
	exists := t.get(t.address(o)) != nil
	var stored bool
	var err error
	if o.Durability == mantisdb.DurabilityDefault {
		stored, err = t.in(o).PutIfAbsent(o.Key.Bytes(), o.Value.Bytes(), o.TTL)
	} else {
		stored, err = t.in(o).PutIfAbsentWith(o.Key.Bytes(), o.Value.Bytes(), o.writeOptions())
	}
	t.say(stored)
	if !t.err("PutIfAbsent", err, t.invalid(o)) {
		t.check(!stored, "PutIfAbsent stored, and failed")
		return
	}
	t.check(stored == !exists, "PutIfAbsent stored: %v, and there was a value: %v", stored, exists)
	if stored {
		t.set(t.newEntry(o))
	}
}

func runDelete(t *target, o *Op) {
	if t.err("Delete", t.in(o).Delete(o.Key.Bytes()), t.invalid(o)) {
		t.remove(t.space(o), t.address(o))
	}
}

func runDeleteWith(t *target, o *Op) {
	want := t.invalid(o)
	if o.TTL != 0 {
		want = errors.Join(want, mantisdb.ErrInvalidOptions)
	}
	if t.err("DeleteWith", t.in(o).DeleteWith(o.Key.Bytes(), o.writeOptions()), want) {
		t.remove(t.space(o), t.address(o))
	}
}

func runDeleteRange(t *target, o *Op) {
	r := t.rangeOf(o)
	var err error
	want := t.spaceOf(o, t.db)
	if o.Durability == mantisdb.DurabilityDefault {
		err = t.in(o).DeleteRange(r)
	} else {
		err = t.in(o).DeleteRangeWith(r, o.writeOptions())
		// A range without keys writes nothing, and need not look at how.
		if o.Durability > mantisdb.DurabilityMemory && (err != nil || !isEmpty(r)) {
			want = errors.Join(want, mantisdb.ErrInvalidOptions)
		}
	}
	if t.err("DeleteRange", err, want) && !isEmpty(r) {
		t.removeRange(t.space(o).span(r))
	}
}

// isEmpty tells whether a range can hold no key. None is less than a zero byte.
func isEmpty(r mantisdb.Range) bool {
	return r.End != nil && (string(r.Start) >= string(r.End) || string(r.End) == "\x00")
}
