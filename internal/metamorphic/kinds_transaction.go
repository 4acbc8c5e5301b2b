package metamorphic

import (
	"errors"

	"github.com/mantisdb/mantisdb"
)

var transactionKinds = []kind{
	{"tx-begin", 15, (*generator).txBegin, runTxBegin},
	{"tx-get", 40, (*generator).slotKey, runTxGet},
	{"tx-has", 10, (*generator).slotKey, runTxHas},
	{"tx-put", 40, (*generator).txPut, runTxPut},
	{"tx-delete", 15, (*generator).slotKey, runTxDelete},
	{"tx-delete-range", 3, (*generator).slotRange, runTxDeleteRange},
	{"tx-write", 4, (*generator).txWrite, runTxWrite},
	{"tx-scan", 12, (*generator).txScan, runTxScan},
	{"tx-commit", 14, (*generator).txCommit, runTxCommit},
	{"tx-discard", 3, (*generator).slot, runTxDiscard},
	{"update", 10, (*generator).update, runUpdate},
	{"view", 5, (*generator).putWith, runView},
}

// runTxBegin begins one that only reads if the mode is readonly.
func runTxBegin(t *target, o *Op) {
	t.discard(o.Slot)
	readOnly := o.Mode == "readonly"
	t.transactions[o.Slot] = newTransaction(t.db, readOnly)
}

func (t *target) discard(slot int) {
	if x := t.transactions[slot]; x != nil {
		x.real.Discard()
		x.done = true
	}
}

func runTxDiscard(t *target, o *Op) { t.discard(o.Slot) }

// readable is the error of a read in a transaction, for its state alone.
func (x *transaction) readable() error {
	switch {
	case x.done:
		return mantisdb.ErrTxDone
	case x.closed:
		return mantisdb.ErrClosed
	}
	return nil
}

// writable is the error of a write in a transaction, for its state alone.
func (x *transaction) writable() error {
	switch {
	case x.done:
		return mantisdb.ErrTxDone
	case x.readOnly:
		return mantisdb.ErrReadOnly
	}
	return nil
}

// read is what a read must find under an operation's key, and its error.
func (x *transaction) read(t *target, o *Op) (want *entry, wantErr error) {
	if err := o.Key.invalidKey(); err != nil {
		return nil, err
	}
	want = x.get(t, t.address(o))
	return want, t.wantFoundIn(x.db, o, want)
}

// isAsked tells whether a transaction that has ended, or whose database has, answers as
// it must. An own write can be read without the database.
func (t *target) isAsked(x *transaction, o *Op) bool {
	wantErr, wrong := x.readable(), t.spaceOf(o, x.db)
	if wrong == nil && (wantErr == nil || x.own(t.address(o)) != nil && !x.done) {
		return true
	}
	if o.Key.invalidKey() == nil {
		_, err := x.in(t, o).Get(o.Key.Bytes())
		t.err("Tx.Get", err, errors.Join(wantErr, wrong))
	}
	return false
}

func runTxGet(t *target, o *Op) {
	x := t.transactions[o.Slot]
	if x == nil || !t.isAsked(x, o) {
		return
	}
	want, wantErr := x.read(t, o)
	t.appendGet("Tx.AppendGet", x.in(t, o), o, want, wantErr)
	got, err := x.in(t, o).Get(o.Key.Bytes())
	if t.err("Tx.Get", err, wantErr) {
		t.value("Tx.Get", got, want)
	}
}

func runTxHas(t *target, o *Op) {
	x := t.transactions[o.Slot]
	if x == nil || !t.isAsked(x, o) {
		return
	}
	want, wantErr := x.read(t, o)
	if errors.Is(wantErr, mantisdb.ErrNotFound) {
		wantErr = nil
	}
	has, err := x.in(t, o).Has(o.Key.Bytes())
	t.err("Tx.Has", err, wantErr)
	t.check(has == (want != nil), "Tx.Has: %v, want %v", has, want != nil)
	t.say(has)
}

func runTxPut(t *target, o *Op) {
	x := t.transactions[o.Slot]
	if x == nil {
		return
	}
	got, want := t.putInto(x.in(t, o), o)
	want = errors.Join(want, t.spaceOf(o, x.db))
	if err := x.writable(); err != nil {
		want = err
		if o.Mode == "ttl" && o.TTL <= 0 {
			want = mantisdb.ErrInvalidTTL // that is seen first
		}
	}
	if t.err("Tx.Put", got, want) {
		x.added(t, o, t.pending(o))
	}
}

func runTxDelete(t *target, o *Op) {
	x := t.transactions[o.Slot]
	if x == nil {
		return
	}
	want := x.writable()
	if want == nil {
		want = errors.Join(t.invalid(o), t.spaceOf(o, x.db))
	}
	if t.err("Tx.Delete", x.in(t, o).Delete(o.Key.Bytes()), want) {
		x.added(t, o, t.deletion(o))
	}
}

func runTxDeleteRange(t *target, o *Op) {
	x, r := t.transactions[o.Slot], t.rangeOf(o)
	if x == nil {
		return
	}
	want := x.writable()
	if want == nil {
		want = t.spaceOf(o, x.db)
	}
	if t.err("Tx.DeleteRange", x.in(t, o).DeleteRange(r), want) {
		x.added(t, o, t.rangeDeletion(o, r))
	}
}

func runTxWrite(t *target, o *Op) {
	x, b := t.transactions[o.Slot], &t.batches[o.Batch]
	if x == nil {
		return
	}
	want := usable(x.db, b.spaces)
	if want == nil {
		want = x.writable()
	}
	if t.err("Tx.Write", x.real.Write(&b.real), want) {
		x.spaces = append(x.spaces, b.spaces...)
		for _, e := range b.pending {
			again := *e // a batch may be written more than once
			x.pending = append(x.pending, &again)
		}
	}
}

// runTxScan puts a value into the transaction in the middle of the loop, which must not
// see it, if the operation has a key.
func runTxScan(t *target, o *Op) {
	x := t.transactions[o.Slot]
	if x == nil {
		return
	}
	r := t.rangeOf(o)
	if wantErr := errors.Join(x.readable(), t.spaceOf(o, x.db)); wantErr != nil {
		found, err := t.walk(x.in(t, o).Scan(r), o, func() {})
		t.err("Tx.Scan", err, wantErr)
		t.compareScan(o, found, nil)
		return
	}
	x.begin(t)
	span := t.space(o).span(r)
	all := x.entries(span, t.began)
	want := o.first(all)
	count := 0
	found, err := t.walk(x.in(t, o).Scan(r), o, func() {
		if count++; count == 1 && o.Key.len() > 0 {
			runTxPut(t, o)
		}
	})
	t.err("Tx.Scan", err, nil)
	t.compareScan(o, found, want)
	x.scanned(span, all, want, o.Most != 0 && len(all) >= o.Most, t.began)
}

func runTxCommit(t *target, o *Op) {
	x := t.transactions[o.Slot]
	if x == nil {
		return
	}
	x.real.SetDurability(o.Durability)
	got := x.real.Commit()
	writes := len(x.pending) > 0
	wrong := usable(x.db, x.spaces)
	switch {
	case x.done:
		t.err("Commit", got, mantisdb.ErrTxDone)
	case writes && wrong != nil:
		if x.closed {
			wrong = errors.Join(wrong, mantisdb.ErrClosed)
		}
		if o.Durability > mantisdb.DurabilityMemory {
			wrong = errors.Join(wrong, mantisdb.ErrInvalidOptions)
		}
		t.err("Commit", got, wrong)
	case writes && x.closed && o.Durability > mantisdb.DurabilityMemory:
		t.check(got != nil, "Commit: no error, and the database is closed")
	case writes && x.closed:
		t.err("Commit", got, mantisdb.ErrClosed)
	case !writes:
		t.err("Commit", got, nil)
	case o.Durability > mantisdb.DurabilityMemory:
		t.err("Commit", got, mantisdb.ErrInvalidOptions)
	default:
		t.committed(x, got)
	}
	x.done = true
}

// committed compares how a commit has ended. One that may be refused, and was, is
// written as a batch, so that databases hold the same whether they are careful or not.
func (t *target) committed(x *transaction, got error) {
	switch x.judge(t) {
	case conflicts:
		t.err("Commit", got, mantisdb.ErrConflict)
		return
	case commits:
		if !t.err("Commit", got, nil) {
			return
		}
	case either:
		if errors.Is(got, mantisdb.ErrConflict) {
			got = t.writeAll(x.pending)
		}
		if !t.err("Commit", got, nil) {
			return
		}
	}
	t.applyAll(x.pending)
}

// errOfUser is what a function given to Update fails with.
var errOfUser = errors.New("the function has failed")

// runUpdate copies what a key has to another one, and appends to it. If the mode is
// fail, the function fails; if it is meddle, the key is written meanwhile, so that the
// function must run again.
func runUpdate(t *target, o *Op) {
	wrong := t.spaceOf(o, t.db)
	if wrong != nil {
		err := t.db.Update(func(tx *mantisdb.Tx) error { return t.viewOf(tx, o).Put(o.Key.Bytes(), nil) })
		t.err("Update", err, wrong)
		return
	}
	from := o.Keys[0]
	address := t.space(o).address(from.Text())
	tries := 0
	err := t.db.Update(func(tx *mantisdb.Tx) error {
		tries++
		view := t.viewOf(tx, o)
		value, err := view.Get(from.Bytes())
		t.value("Get in Update", value, t.get(address))
		if err != nil && !errors.Is(err, mantisdb.ErrNotFound) {
			return err
		}
		if o.Mode == "meddle" && tries == 1 {
			t.meddle(o.Keyspace, from)
		}
		if err := view.Put(o.Key.Bytes(), append(value, o.Value.Bytes()...)); err != nil || o.Mode != "fail" {
			return err
		}
		return errOfUser
	})
	if o.Mode == "fail" {
		t.check(errors.Is(err, errOfUser), "Update: error %v, want that of the function", err)
		return
	}
	if !t.err("Update", err, nil) {
		return
	}
	wantTries := 1
	if o.Mode == "meddle" {
		wantTries = 2
	}
	t.check(tries == wantTries, "Update ran its function %d times, want %d", tries, wantTries)
	e := t.newEntry(o)
	if before := t.get(address); before != nil {
		e.value = before.value + e.value
	}
	t.set(e)
}

// meddle writes a key while a transaction is under way that has read it.
func (t *target) meddle(keyspace, key Blob) {
	o := Op{Keyspace: keyspace, Key: key, Value: blob("meddled")}
	if t.err("Put beside Update", t.in(&o).Put(key.Bytes(), o.Value.Bytes()), nil) {
		t.set(t.newEntry(&o))
	}
}

// viewOf is a transaction, or its view of an operation's keyspace.
func (t *target) viewOf(tx *mantisdb.Tx, o *Op) view {
	if s := t.space(o); !s.isDefault() {
		return tx.In(s.real)
	}
	return tx
}

func runView(t *target, o *Op) {
	want := t.get(t.address(o))
	err := t.db.View(func(tx *mantisdb.Tx) error {
		view := t.viewOf(tx, o)
		t.err("Put in View", view.Put(o.Key.Bytes(), o.Value.Bytes()), mantisdb.ErrReadOnly)
		t.err("Delete in View", view.Delete(o.Key.Bytes()), mantisdb.ErrReadOnly)
		t.err("Commit in View", tx.Commit(), mantisdb.ErrInvalidOptions)
		got, err := view.Get(o.Key.Bytes())
		t.err("Get in View", err, t.wantFound(o, want))
		t.value("Get in View", got, want)
		return errOfUser
	})
	t.check(errors.Is(err, errOfUser), "View: error %v, want that of the function", err)
}
