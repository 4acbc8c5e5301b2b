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
	if t.err("Put", t.db.Put(o.Key.Bytes(), o.Value.Bytes()), o.invalid()) {
		t.set(t.newEntry(o))
	}
}

func runPutWith(t *target, o *Op) {
	if t.err("PutWith", t.db.PutWith(o.Key.Bytes(), o.Value.Bytes(), o.writeOptions()), o.invalid()) {
		t.set(t.newEntry(o))
	}
}

func runPutTTL(t *target, o *Op) {
	if t.err("PutTTL", t.db.PutTTL(o.Key.Bytes(), o.Value.Bytes(), o.TTL), o.invalidWithTTL()) {
		t.set(t.newEntry(o))
	}
}

// invalidWithTTL is invalid of what must have a time to live.
func (o *Op) invalidWithTTL() error {
	if o.TTL == 0 {
		return errors.Join(mantisdb.ErrInvalidTTL, o.invalid())
	}
	return o.invalid()
}

// runPutIfAbsent has no options if the durability is none.
func runPutIfAbsent(t *target, o *Op) {
	exists := t.get(o.Key.Text()) != nil
	var stored bool
	var err error
	if o.Durability == mantisdb.DurabilityDefault {
		stored, err = t.db.PutIfAbsent(o.Key.Bytes(), o.Value.Bytes(), o.TTL)
	} else {
		stored, err = t.db.PutIfAbsentWith(o.Key.Bytes(), o.Value.Bytes(), o.writeOptions())
	}
	t.say(stored)
	if !t.err("PutIfAbsent", err, o.invalid()) {
		t.check(!stored, "PutIfAbsent stored, and failed")
		return
	}
	t.check(stored == !exists, "PutIfAbsent stored: %v, and there was a value: %v", stored, exists)
	if stored {
		t.set(t.newEntry(o))
	}
}

func runDelete(t *target, o *Op) {
	if t.err("Delete", t.db.Delete(o.Key.Bytes()), o.invalid()) {
		t.remove(o.Key.Text())
	}
}

func runDeleteWith(t *target, o *Op) {
	want := o.invalid()
	if o.TTL != 0 {
		want = errors.Join(want, mantisdb.ErrInvalidOptions)
	}
	if t.err("DeleteWith", t.db.DeleteWith(o.Key.Bytes(), o.writeOptions()), want) {
		t.remove(o.Key.Text())
	}
}

func runDeleteRange(t *target, o *Op) {
	r := t.rangeOf(o)
	var err, want error
	if o.Durability == mantisdb.DurabilityDefault {
		err = t.db.DeleteRange(r)
	} else {
		err = t.db.DeleteRangeWith(r, o.writeOptions())
		// A range without keys writes nothing, and need not look at how.
		if o.Durability > mantisdb.DurabilityMemory && (err != nil || !isEmpty(r)) {
			want = mantisdb.ErrInvalidOptions
		}
	}
	if t.err("DeleteRange", err, want) && !isEmpty(r) {
		t.removeRange(r)
	}
}

// isEmpty tells whether a range can hold no key.
func isEmpty(r mantisdb.Range) bool { return r.End != nil && string(r.Start) >= string(r.End) }
