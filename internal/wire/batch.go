package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/mantisdb/mantisdb"
)

// Names of a batch's operations.
const (
	opPut         = "put"
	opDelete      = "delete"
	opDeleteRange = "delete_range"
)

// ReadBatch reads one batch and nothing else from r, and adds its operations to
// b:
//
//	{"operations":[
//	  {"op":"put","key":"...","value":"...","ttl":"30s"},
//	  {"op":"delete","key":"...","keyspace":"..."},
//	  {"op":"delete_range","prefix":"..."}]}
//
// Each may name a keyspace, which resolve finds. On an error b holds a part of them.
// An error of r is found with errors.As; an operation that the database would refuse
// gives its error, such as mantisdb.ErrKeyTooLarge.
func ReadBatch(r io.Reader, b *mantisdb.Batch, resolve Resolver) error {
	return VisitBatch(r, func(rec *Record) error { return rec.addTo(b, resolve) })
}

// VisitBatch reads a batch as ReadBatch does, and calls visit with each operation, borrowed
// until it returns. An error of visit ends the reading.
func VisitBatch(r io.Reader, visit func(*Record) error) error {
	var d Decoder
	d.json.Reset(r)
	if err := d.expect('{', "an object"); err != nil {
		return err
	}
	if d.json.PeekKind() == '}' {
		return errors.New(`"operations" is missing`)
	}
	name, err := d.json.ReadValue()
	if err != nil {
		return syntaxError(err)
	}
	if string(name) != `"operations"` {
		return fmt.Errorf(`"operations" is expected, not %s`, shorten(string(name)))
	}
	if err := d.operations(visit); err != nil {
		return err
	}
	return d.end("the batch")
}

// operations reads the array at hand.
func (d *Decoder) operations(visit func(*Record) error) error {
	if err := d.expect('[', "an array of operations"); err != nil {
		return err
	}
	for i := 0; d.json.PeekKind() != ']'; i++ {
		rec, err := d.record()
		if err == nil {
			err = rec.checkOperation()
		}
		if err == nil {
			err = visit(&rec)
		}
		if err != nil {
			return fmt.Errorf("operation %d: %w", i, err)
		}
	}
	_, err := d.json.ReadToken()
	return syntaxError(err)
}

// addTo adds the operation that r is, which was checked.
func (r *Record) addTo(b *mantisdb.Batch, resolve Resolver) error {
	ks, err := resolve(r.Keyspace)
	if err != nil {
		return err
	}
	in := b.In(ks)
	switch r.Op {
	case opPut:
		return r.AddPut(in)
	case opDelete:
		return in.Delete(r.Key)
	default:
		return in.DeleteRange(r.Range.Range())
	}
}

// checkOperation returns nil if r has what its operation takes and nothing else.
func (r *Record) checkOperation() error {
	hasKey, hasValue := r.HasKey, r.HasValue || r.TTL != 0 || r.ExpiresAt != 0
	switch r.Op {
	case opPut:
		switch {
		case r.Range.given:
			return errors.New("a put takes no range")
		case !hasKey:
			return errNoKey
		case !r.HasValue:
			return errors.New(`a put needs "value" (base64) or "value_text"`)
		}
	case opDelete:
		switch {
		case hasValue || r.Range.given:
			return errors.New("a delete takes a key and nothing else")
		case !hasKey:
			return errNoKey
		}
	case opDeleteRange:
		if hasKey || hasValue {
			return errors.New("a delete_range takes a range and nothing else")
		}
		return r.Range.CheckDeletion()
	case "":
		return errors.New(`"op" is missing: give "put", "delete" or "delete_range"`)
	default:
		return fmt.Errorf(`unknown "op" %q: use "put", "delete" or "delete_range"`, shorten(r.Op))
	}
	return nil
}

// AddPut adds the write of r's value, with its expiry, to a batch.
func (r *Record) AddPut(in mantisdb.KeyspaceBatch) error {
	switch {
	case r.TTL != 0:
		return in.PutTTL(r.Key, r.Value, r.TTL)
	case r.ExpiresAt != 0:
		return in.PutExpiresAt(r.Key, r.Value, r.ExpiresAt)
	}
	return in.Put(r.Key, r.Value)
}

// BatchBuilder writes a batch in the form that ReadBatch reads. The zero value
// is ready.
type BatchBuilder struct {
	json  []byte
	count int
}

const (
	batchOpening = `{"operations":[`
	batchClosing = `]}`
)

// AddPut adds the write of r's value, with its expiry. It is not checked.
func (b *BatchBuilder) AddPut(r *Record) {
	if b.count == 0 {
		b.json = append(b.json[:0], batchOpening...)
	} else {
		b.json = append(b.json, ',')
	}
	b.json = append(b.json, `{"op":"put",`...)
	b.json = appendKeyspace(b.json, r.Keyspace)
	b.json = append(b.json, `"key":"`...)
	b.json = base64.StdEncoding.AppendEncode(b.json, r.Key)
	b.json = append(b.json, `","value":"`...)
	b.json = base64.StdEncoding.AppendEncode(b.json, r.Value)
	b.json = append(b.json, '"')
	if r.ExpiresAt != 0 {
		b.json = append(b.json, `,"expires_at":`...)
		b.json = strconv.AppendInt(b.json, r.ExpiresAt, 10)
	}
	if r.TTL != 0 {
		b.json = append(b.json, `,"ttl":"`...)
		b.json = append(b.json, r.TTL.String()...)
		b.json = append(b.json, '"')
	}
	b.json = append(b.json, '}')
	b.count++
}

// Len is the number of operations.
func (b *BatchBuilder) Len() int { return b.count }

// Size is the length of the JSON so far, in bytes.
func (b *BatchBuilder) Size() int { return len(b.json) }

// JSON ends the batch and returns it, borrowed until the builder is next used.
func (b *BatchBuilder) JSON() []byte {
	if b.count == 0 {
		return []byte(batchOpening + batchClosing)
	}
	return append(b.json, batchClosing...)
}

// Reset empties the builder and keeps its memory.
func (b *BatchBuilder) Reset() { b.json, b.count = b.json[:0], 0 }
