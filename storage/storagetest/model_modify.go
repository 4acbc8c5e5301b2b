package storagetest

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/mantisdb/mantisdb/storage"
)

// modify does one modification, of a kind and with operands at random, of which about
// half meet what they expect.
func (m *model) modify() {
	key := m.key()
	now, exists := m.state[key]
	mod := storage.Modification{Kind: storage.CompareValue + storage.ModificationKind(m.rng.IntN(int(storage.Expire)))}
	hit := m.rng.IntN(2) == 0
	expiresAt := m.expiry()
	switch mod.Kind {
	case storage.CompareValue:
		mod.Value, mod.Expected = []byte(m.value()), []byte("another one")
		if hit {
			mod.Expected = []byte(now.value)
		}
	case storage.CompareVersion:
		mod.Value, mod.Version = []byte(m.value()), m.rng.Uint64N(m.last+1)
		if hit {
			mod.Version = now.meta.Version
		}
	case storage.Exchange:
		mod.Value = []byte(m.value())
	case storage.Increment:
		mod.By, expiresAt = m.rng.Int64()-m.rng.Int64(), 0
	case storage.Append:
		mod.Value, expiresAt = []byte(m.value()), 0
		if len(now.value) > 1<<20 {
			return // it would grow for ever
		}
	case storage.Take:
		expiresAt = 0
	}
	before, done, err := m.engine.Modify(nil, []byte(key), mod, storage.WriteOptions{ExpiresAt: expiresAt})
	want, wantErr := modelOf(mod, now, exists, expiresAt)
	if !errors.Is(err, wantErr) {
		m.t.Fatalf("%s: %v, want %v", describe(mod, key), err, wantErr)
	}
	if err != nil {
		return
	}
	if done.Existed != exists || done.Before != now.meta || (done.Version != 0) != want.written || done.Number != want.number {
		m.t.Fatalf("%s of %+v: %+v, want %+v", describe(mod, key), now.meta, done, want)
	}
	if gives := mod.Kind == storage.Exchange || mod.Kind == storage.Take; gives && string(before) != now.value {
		m.t.Fatalf("%s gave %s, want %s", describe(mod, key), show(before), show(now.value))
	}
	if !want.written {
		return
	}
	m.grew(describe(mod, key), done.Version)
	m.touch(key)
	if want.deleted {
		delete(m.state, key)
		return
	}
	m.state.set(key, want.value, storage.Meta{Version: done.Version, ExpiresAt: want.expiresAt})
}

func describe(mod storage.Modification, key string) string {
	return fmt.Sprintf("modification %d of %s", mod.Kind, show(key))
}

// modified is what should come of a modification.
type modified struct {
	written, deleted bool
	value            string
	expiresAt        int64
	number           int64
}

func modelOf(mod storage.Modification, now entry, exists bool, expiresAt int64) (modified, error) {
	put := modified{written: true, value: string(mod.Value), expiresAt: expiresAt}
	switch mod.Kind {
	case storage.CompareValue:
		if !exists || now.value != string(mod.Expected) {
			return modified{}, nil
		}
	case storage.CompareVersion:
		if now.meta.Version != mod.Version {
			return modified{}, nil
		}
	case storage.Take:
		return modified{written: exists, deleted: exists}, nil
	case storage.Increment:
		n, err := strconv.ParseInt(now.value, 10, 64)
		if exists && (err != nil || strconv.FormatInt(n, 10) != now.value) {
			return modified{}, storage.ErrNotANumber
		}
		sum := n + mod.By
		if (n > 0) == (mod.By > 0) && (sum > 0) != (n > 0) && n != 0 && mod.By != 0 {
			return modified{}, storage.ErrOverflow
		}
		put.number, put.value, put.expiresAt = sum, strconv.FormatInt(sum, 10), now.meta.ExpiresAt
	case storage.Append:
		put.value, put.expiresAt = now.value+string(mod.Value), now.meta.ExpiresAt
		put.number = int64(len(put.value))
	case storage.Expire:
		if !exists {
			return modified{}, nil
		}
		put.value = now.value
	}
	return put, nil
}

// touch notes that a key is written.
func (m *model) touch(key string) { m.touched[key] = m.last }

// touchRange notes that every key of a range is deleted.
func (m *model) touchRange(r storage.Range) {
	for _, key := range m.keys {
		if r.Contains([]byte(key)) {
			m.touch(key)
		}
	}
}

// writeIf commits a transaction of one of the open snapshots: it must be refused if
// what it read has changed, and must not be if nothing that it read was written.
func (m *model) writeIf() {
	if len(m.moments) == 0 {
		return
	}
	at := m.moments[m.rng.IntN(len(m.moments))]
	var reads storage.ReadSet
	changed, touched := false, false
	look := func(key string) {
		changed = changed || at.want[key].meta.Version != m.state[key].meta.Version
		touched = touched || m.touched[key] > at.snap.Version()
	}
	for range m.rng.IntN(4) {
		key := m.key()
		ok(m.t, reads.AddKey([]byte(key), at.want[key].meta))
		look(key)
	}
	if m.rng.IntN(2) == 0 {
		start, end := m.key(), m.key()
		ok(m.t, reads.AddRange([]byte(start), []byte(end), 0))
		for _, key := range m.keys {
			if key >= start && key < end {
				look(key)
			}
		}
	}
	var batch storage.Batch
	key, value := m.key(), m.value()
	ok(m.t, batch.Put([]byte(key), []byte(value), 0))
	version, err := at.snap.WriteIf(&batch, &reads, storage.WriteOptions{})
	switch {
	case err == nil && !changed:
		m.grew("WriteIf", version)
		m.touch(key)
		m.state.set(key, value, storage.Meta{Version: version})
	case errors.Is(err, storage.ErrConflict) && touched:
	default:
		m.t.Fatalf("WriteIf at version %d: %v, though what was read changed: %v, was written: %v", at.snap.Version(), err, changed, touched)
	}
}
