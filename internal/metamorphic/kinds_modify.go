package metamorphic

import (
	"errors"
	"math/big"
	"strconv"

	"github.com/mantisdb/mantisdb"
)

var modifyKinds = []kind{
	{"modify", 40, (*generator).modify, runModify},
	{"compare-and-swap", 30, (*generator).compareValue, runCompareAndSwap},
	{"compare-version-and-swap", 30, (*generator).compareVersion, runCompareVersionAndSwap},
	{"get-and-put", 20, (*generator).putWith, runGetAndPut},
	{"get-and-delete", 20, (*generator).anyKey, runGetAndDelete},
	{"increment", 40, (*generator).increment, runIncrement},
	{"append", 30, (*generator).put, runAppend},
	{"expire", 20, (*generator).expire, runExpire},
	{"persist", 20, (*generator).anyKey, runPersist},
}

// The modes of modify.
var modifications = map[string]mantisdb.ModificationKind{
	"compare-value":   mantisdb.ModifyCompareValue,
	"compare-version": mantisdb.ModifyCompareVersion,
	"exchange":        mantisdb.ModifyExchange,
	"take":            mantisdb.ModifyTake,
	"increment":       mantisdb.ModifyIncrement,
	"append":          mantisdb.ModifyAppend,
	"expire":          mantisdb.ModifyExpire,
	"nonsense":        mantisdb.ModifyExpire + 1,
}

// change is what a modification must do.
type change struct {
	err      error
	happens  bool   // there is a write
	deletes  bool   // it is a deletion
	value    string // else it stores this value
	keeps    bool   // and keeps the expiry
	expires  bool   // it only sets that
	number   int64
	gives    bool // the value before is given
	existing *entry
}

// changeOf is what a modification of a kind must do to a key.
func (t *target) changeOf(kind mantisdb.ModificationKind, o *Op, version uint64) change {
	e := t.get(t.address(o))
	c := change{existing: e, value: o.Value.Text()}
	switch kind {
	case mantisdb.ModifyCompareValue:
		c.happens = e != nil && e.value == o.Expected.Text()
	case mantisdb.ModifyCompareVersion:
		c.happens = version == 0 && e == nil || version != 0 && e != nil && e.version == version
	case mantisdb.ModifyExchange:
		c.happens, c.gives = true, e != nil
	case mantisdb.ModifyTake:
		c.happens, c.gives, c.deletes = e != nil, e != nil, e != nil
	case mantisdb.ModifyIncrement:
		c.happens, c.keeps = true, true
		c.number, c.err = sum(e, o.By)
		c.value = strconv.FormatInt(c.number, 10)
	case mantisdb.ModifyAppend:
		c.happens, c.keeps = true, true
		if e != nil {
			c.value = e.value + c.value
		}
		c.number = int64(len(c.value))
	case mantisdb.ModifyExpire:
		if c.happens, c.expires = e != nil, true; c.happens {
			c.value = e.value
		}
	default:
		c.err = mantisdb.ErrInvalidOptions
	}
	// What is wrong with the input alone comes first.
	wrong := t.invalid(o)
	if takesNoTTL := c.keeps || kind == mantisdb.ModifyTake; takesNoTTL && o.TTL > 0 || c.err == mantisdb.ErrInvalidOptions {
		wrong = errors.Join(wrong, mantisdb.ErrInvalidOptions)
	}
	if wrong != nil {
		c.err = wrong
	}
	if c.err != nil {
		return change{err: c.err, existing: e}
	}
	return c
}

// sum adds to the number that is an entry's value.
func sum(e *entry, by int64) (int64, error) {
	if e == nil {
		return by, nil
	}
	n, err := strconv.ParseInt(e.value, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != e.value {
		return 0, mantisdb.ErrNotANumber
	}
	total := new(big.Int).Add(big.NewInt(n), big.NewInt(by))
	if !total.IsInt64() {
		return 0, mantisdb.ErrOverflow
	}
	return total.Int64(), nil
}

// apply notes what a modification has changed.
func (t *target) apply(c change, o *Op) *entry {
	switch {
	case !c.happens:
		return nil
	case c.deletes:
		t.remove(t.space(o), t.address(o))
		return nil
	}
	e := t.newEntry(o)
	e.value = c.value
	if c.expires && o.TTL == 0 {
		e.soonest, e.latest = 0, 0 // not what the keyspace gives to new values
	}
	if c.keeps {
		e.soonest, e.latest = 0, 0
		if c.existing != nil {
			e.soonest, e.latest = c.existing.soonest, c.existing.latest
		}
	}
	t.set(e)
	return e
}

// comparedVersion is the version that an operation compares with. The current one has
// to be read.
func (t *target) comparedVersion(o *Op) uint64 {
	e := t.get(t.address(o))
	switch o.Version {
	case "current":
		if e == nil {
			return 0
		}
		_, meta, err := t.in(o).AppendGetMeta(nil, o.Key.Bytes())
		if t.err("AppendGetMeta", err, nil) {
			t.learn("AppendGetMeta of "+show(e.key), e, meta)
		}
		return meta.Version
	case "none":
		return 0
	}
	if e != nil && e.version == 0 {
		return e.after // the version is greater
	}
	return max(t.last, 1) + 1<<40
}

// isTooLong tells whether a value has grown so much that there is no more to append.
func isTooLong(e *entry) bool { return e != nil && len(e.value) > 256<<10 }

func runModify(t *target, o *Op) {
	kind := modifications[o.Mode]
	if kind == mantisdb.ModifyAppend && isTooLong(t.get(t.address(o))) {
		return
	}
	var version uint64
	if kind == mantisdb.ModifyCompareVersion {
		version = t.comparedVersion(o)
	}
	want := t.changeOf(kind, o, version)
	before, done, err := t.in(o).Modify(o.Key.Bytes(), mantisdb.Modification{
		Kind: kind, Value: o.Value.Bytes(), Expected: o.Expected.Bytes(), Version: version, By: o.By,
	}, o.writeOptions())
	if !t.err("Modify", err, want.err) {
		return
	}
	t.check((before != nil) == want.gives, "Modify gave %s: %v, want %v", show(string(before)), before != nil, want.gives)
	if want.gives {
		t.value("Modify", before, want.existing)
	}
	t.check(done.Existed == (want.existing != nil), "Modify: existed %v, want %v", done.Existed, want.existing != nil)
	if want.existing != nil {
		t.learn("before Modify "+show(want.existing.key), want.existing, done.Before)
	} else {
		t.check(done.Before == mantisdb.Meta{}, "Modify told %+v of nothing", done.Before)
	}
	t.check(done.Number == want.number, "Modify: number %d, want %d", done.Number, want.number)
	t.check((done.Version != 0) == want.happens, "Modify: version %d, want one: %v", done.Version, want.happens)
	t.say(done.Number, done.Existed, done.Version != 0)
	if want.happens {
		t.wroteModified(t.apply(want, o), done.Version)
	}
}

// wroteModified notes the version of a modification; e is nil if it was a deletion.
func (t *target) wroteModified(e *entry, version uint64) {
	t.wrote("the modification", version)
	if e != nil {
		e.version = version
	}
}

func runCompareAndSwap(t *target, o *Op) {
	want := t.changeOf(mantisdb.ModifyCompareValue, o, 0)
	swapped, err := t.in(o).CompareAndSwap(o.Key.Bytes(), o.Expected.Bytes(), o.Value.Bytes(), o.writeOptions())
	t.err("CompareAndSwap", err, want.err)
	t.check(swapped == want.happens, "CompareAndSwap: swapped %v, want %v", swapped, want.happens)
	t.say(swapped)
	t.apply(want, o)
}

func runCompareVersionAndSwap(t *target, o *Op) {
	version := t.comparedVersion(o)
	want := t.changeOf(mantisdb.ModifyCompareVersion, o, version)
	newVersion, swapped, err := t.in(o).CompareVersionAndSwap(o.Key.Bytes(), version, o.Value.Bytes(), o.writeOptions())
	t.err("CompareVersionAndSwap", err, want.err)
	t.check(swapped == want.happens, "CompareVersionAndSwap: swapped %v, want %v", swapped, want.happens)
	t.check((newVersion != 0) == want.happens, "CompareVersionAndSwap: version %d, want one: %v", newVersion, want.happens)
	t.say(swapped)
	if want.happens {
		t.wroteModified(t.apply(want, o), newVersion)
	}
}

func runGetAndPut(t *target, o *Op) {
	want := t.changeOf(mantisdb.ModifyExchange, o, 0)
	before, existed, err := t.in(o).GetAndPut(o.Key.Bytes(), o.Value.Bytes(), o.writeOptions())
	if !t.err("GetAndPut", err, want.err) {
		return
	}
	t.check(existed == (want.existing != nil), "GetAndPut: existed %v, want %v", existed, want.existing != nil)
	t.value("GetAndPut", before, want.existing)
	t.apply(want, o)
}

func runGetAndDelete(t *target, o *Op) {
	want := t.changeOf(mantisdb.ModifyTake, o, 0)
	before, err := t.in(o).GetAndDelete(o.Key.Bytes())
	if want.err == nil && want.existing == nil {
		want.err = mantisdb.ErrNotFound
	}
	t.err("GetAndDelete", err, want.err)
	if want.err != nil {
		want.existing = nil
	}
	t.value("GetAndDelete", before, want.existing)
	t.apply(want, o)
}

func runIncrement(t *target, o *Op) {
	want := t.changeOf(mantisdb.ModifyIncrement, o, 0)
	number, err := t.in(o).Increment(o.Key.Bytes(), o.By)
	t.err("Increment", err, want.err)
	t.check(number == want.number, "Increment: %d, want %d", number, want.number)
	t.say(number)
	t.apply(want, o)
}

func runAppend(t *target, o *Op) {
	if isTooLong(t.get(t.address(o))) {
		return
	}
	want := t.changeOf(mantisdb.ModifyAppend, o, 0)
	length, err := t.in(o).Append(o.Key.Bytes(), o.Value.Bytes())
	t.err("Append", err, want.err)
	t.check(int64(length) == want.number, "Append: %d bytes, want %d", length, want.number)
	t.say(length)
	t.apply(want, o)
}

func runExpire(t *target, o *Op) {
	want := t.changeOf(mantisdb.ModifyExpire, o, 0)
	if err := t.invalidWithTTL(o); err != nil {
		want = change{err: err}
	}
	t.expired("Expire", t.in(o).Expire(o.Key.Bytes(), o.TTL), want, o)
}

func runPersist(t *target, o *Op) {
	t.expired("Persist", t.in(o).Persist(o.Key.Bytes()), t.changeOf(mantisdb.ModifyExpire, o, 0), o)
}

// expired is the end of what changes an expiry.
func (t *target) expired(what string, err error, want change, o *Op) {
	if want.err == nil && !want.happens {
		want.err = mantisdb.ErrNotFound
	}
	t.err(what, err, want.err)
	t.apply(want, o)
}
