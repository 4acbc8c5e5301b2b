package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
)

// MaxConditions is how many conditions a transaction may have. Each costs a read,
// and the reads of all are in memory until the transaction is committed.
const MaxConditions = 10_000

// Transaction is a batch that is applied only if conditions hold.
type Transaction struct {
	Conditions []server.Condition
	Batch      mantisdb.Batch
}

// ReadTransaction reads one transaction and nothing else from r into t, which must
// be new:
//
//	{"conditions":[
//	  {"key":"...","version":7},
//	  {"key":"...","value":"..."}],
//	 "operations":[as in a batch]}
//
// A condition names a keyspace as an operation does. Both members must be there, in any
// order; either array may be empty. The version 0 is that of an absent key. Errors are
// those of ReadBatch.
func ReadTransaction(r io.Reader, t *Transaction, resolve Resolver) error {
	return readTransaction(r, func(e *expectation) error {
		c, err := e.condition(resolve)
		t.Conditions = append(t.Conditions, c)
		return err
	}, func(rec *Record) error { return rec.addTo(&t.Batch, resolve) })
}

// VisitTransaction reads a transaction as ReadTransaction does, and calls visit with each
// condition and each operation, borrowed until it returns. An error of visit ends the reading.
func VisitTransaction(r io.Reader, visit func(*Record) error) error {
	return readTransaction(r, func(e *expectation) error { return visit(&e.Record) }, visit)
}

// readTransaction calls expect with each condition, and operate with each operation.
func readTransaction(r io.Reader, expect func(*expectation) error, operate func(*Record) error) error {
	var d Decoder
	d.json.Reset(r)
	if err := d.expect('{', "an object"); err != nil {
		return err
	}
	var hasConditions, hasOperations bool
	for d.json.PeekKind() != '}' {
		name, err := d.json.ReadValue()
		if err != nil {
			return syntaxError(err)
		}
		switch string(name) {
		case `"conditions"`:
			hasConditions = true
			err = d.conditions(expect)
		case `"operations"`:
			hasOperations = true
			err = d.operations(operate)
		default:
			err = fmt.Errorf(`"conditions" and "operations" are expected, not %s`, shorten(string(name)))
		}
		if err != nil {
			return err
		}
	}
	if err := d.end("the transaction"); err != nil {
		return err
	}
	switch {
	case !hasConditions:
		return errors.New(`"conditions" is missing: give an array, which may be empty`)
	case !hasOperations:
		return errors.New(`"operations" is missing: give an array, which may be empty`)
	}
	return nil
}

// conditions reads the array at hand.
func (d *Decoder) conditions(expect func(*expectation) error) error {
	if err := d.expect('[', "an array of conditions"); err != nil {
		return err
	}
	for i := 0; d.json.PeekKind() != ']'; i++ {
		if i == MaxConditions {
			return fmt.Errorf("a transaction has at most %d conditions", MaxConditions)
		}
		e, err := d.expectation()
		if err == nil {
			err = expect(&e)
		}
		if err != nil {
			return fmt.Errorf("condition %d: %w", i, err)
		}
	}
	_, err := d.json.ReadToken()
	return syntaxError(err)
}

// expectation is a condition as it was read, borrowed as its record is.
type expectation struct {
	Record
	version uint64
}

// condition is the condition that it is, which is not borrowed.
func (e *expectation) condition(resolve Resolver) (server.Condition, error) {
	ks, err := resolve(e.Keyspace)
	if err != nil {
		return server.Condition{}, err
	}
	return server.Condition{
		Keyspace: ks, Key: bytes.Clone(e.Key), ByValue: e.HasValue, Value: bytes.Clone(e.Value), Version: e.version,
	}, mantisdb.CheckKey(e.Key)
}

// expectation reads the object at hand.
func (d *Decoder) expectation() (e expectation, err error) {
	if err := d.expect('{', "an object"); err != nil {
		return e, err
	}
	var hasVersion bool
	for d.json.PeekKind() != '}' {
		name, err := d.json.ReadValue()
		if err != nil {
			return e, syntaxError(err)
		}
		switch string(name) {
		case `"version"`:
			hasVersion = true
			e.version, err = d.version()
		case `"keyspace"`, `"key"`, `"key_text"`, `"value"`, `"value_text"`:
			err = d.member(&e.Record, name)
		default:
			err = fmt.Errorf("unknown member %s", shorten(string(name)))
		}
		if err != nil {
			return e, err
		}
	}
	if _, err := d.json.ReadToken(); err != nil {
		return e, syntaxError(err)
	}
	switch {
	case !e.HasKey:
		return e, errNoKey
	case hasVersion == e.HasValue:
		return e, errors.New(`a condition takes either "version" or "value" (base64) or "value_text"`)
	}
	return e, nil
}

// version reads the version at hand, 0 for none.
func (d *Decoder) version() (uint64, error) {
	if kind := d.json.PeekKind(); kind != '0' && kind != 0 {
		return 0, errors.New(`"version" must be a number`)
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return 0, syntaxError(err)
	}
	version, ok := integer(raw)
	if !ok {
		return 0, fmt.Errorf(`"version" must be an integer, 0 for an absent key, not %s`, shorten(string(raw)))
	}
	return version, nil
}
