package metamorphic

import (
	"bytes"
	"errors"
	"time"

	"github.com/mantisdb/mantisdb"
)

var readKinds = []kind{
	{"get", 80, (*generator).anyKey, runGet},
	{"append-get", 40, (*generator).anyKey, runAppendGet},
	{"has", 30, (*generator).anyKey, runHas},
	{"ttl", 20, (*generator).anyKey, runTTL},
	{"multi-get", 30, (*generator).multiGet, runMultiGet},
}

// wantFound is the error of a lookup in the database.
func (t *target) wantFound(o *Op, e *entry) error { return t.wantFoundIn(t.db, o, e) }

// wantFoundIn is that of one in what belongs to a database.
func (t *target) wantFoundIn(db *mantisdb.DB, o *Op, e *entry) error {
	if err := errors.Join(o.Key.invalidKey(), t.spaceOf(o, db)); err != nil {
		return err
	}
	if e == nil {
		return mantisdb.ErrNotFound
	}
	return nil
}

func runGet(t *target, o *Op) {
	want := t.get(t.address(o))
	got, err := t.in(o).Get(o.Key.Bytes())
	t.err("Get", err, t.wantFound(o, want))
	t.value("Get", got, want)
}

func runAppendGet(t *target, o *Op) {
	want := t.get(t.address(o))
	t.appendGet("AppendGet", t.in(o), o, want, t.wantFound(o, want))
}

// appendGet reads a key behind what is in a slice already, and returns what is told of
// its value.
func (t *target) appendGet(what string, from reader, o *Op, want *entry, wantErr error) mantisdb.Meta {
	const before = "before"
	dst := append(make([]byte, 0, 64), before...)
	plain, err := from.AppendGet(dst, o.Key.Bytes())
	plain = bytes.Clone(plain)
	t.err(what, err, wantErr)
	got, meta, err := from.AppendGetMeta(dst, o.Key.Bytes())
	found := t.err(what+"Meta", err, wantErr)
	t.check(bytes.Equal(plain, got), "%s gave %s, and %sMeta %s", what, show(string(plain)), what, show(string(got)))
	value, kept := bytes.CutPrefix(got, []byte(before))
	t.check(kept, "%s gave %s, which does not begin with what was there", what, show(string(got)))
	if !found {
		t.value(what, value, nil)
		t.check(meta == mantisdb.Meta{}, "%sMeta told %+v of nothing", what, meta)
		return meta
	}
	t.value(what, value, want)
	t.learn(what+"Meta of "+show(want.key), want, meta)
	return meta
}

func runHas(t *target, o *Op) {
	want := t.get(t.address(o))
	got, err := t.in(o).Has(o.Key.Bytes())
	t.err("Has", err, errors.Join(o.Key.invalidKey(), t.spaceOf(o, t.db)))
	t.check(got == (want != nil), "Has: %v, want %v", got, want != nil)
	t.say(got)
}

func runTTL(t *target, o *Op) {
	want := t.get(t.address(o))
	got, err := t.in(o).TTL(o.Key.Bytes())
	if !t.err("TTL", err, t.wantFound(o, want)) {
		return
	}
	if want.soonest == 0 {
		t.check(got == 0, "TTL: %v, want for ever", got)
		return
	}
	const ms = int64(time.Millisecond)
	least, most := max(want.soonest-now()-clockError, 1)*ms, max(want.latest-t.began, 1)*ms
	t.check(least <= int64(got) && int64(got) <= most, "TTL: %v, want from %v to %v", got, time.Duration(least), time.Duration(most))
}

func runMultiGet(t *target, o *Op) {
	keys := o.Keys.bytes()
	wantErr := t.spaceOf(o, t.db)
	for _, key := range o.Keys {
		wantErr = errors.Join(wantErr, key.invalidKey())
	}
	var values mantisdb.Values
	into := t.in(o).MultiGetInto(&values, keys)
	got, err := t.in(o).MultiGet(keys...)
	t.err("MultiGetInto", into, wantErr)
	if !t.err("MultiGet", err, wantErr) {
		return
	}
	if !t.check(len(got) == len(keys) && values.Len() == len(keys), "MultiGet of %d keys gave %d and %d values", len(keys), len(got), values.Len()) {
		return
	}
	for i, key := range o.Keys {
		want := t.get(t.space(o).address(key.Text()))
		t.value("MultiGet of "+show(key.Text()), got[i], want)
		t.check((got[i] != nil) == (want != nil), "MultiGet of %s: found %v, want %v", show(key.Text()), got[i] != nil, want != nil)
		value, found := values.At(i)
		t.check(found == (want != nil) && bytes.Equal(value, got[i]), "MultiGetInto of %s gave %s, %v, and MultiGet %s",
			show(key.Text()), show(string(value)), found, show(string(got[i])))
	}
}
