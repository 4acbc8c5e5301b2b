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
			err = d.conditions(t, resolve)
		case `"operations"`:
			hasOperations = true
			err = d.operations(&t.Batch, resolve)
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
func (d *Decoder) conditions(t *Transaction, resolve Resolver) error {
	if err := d.expect('[', "an array of conditions"); err != nil {
		return err
	}
	for i := 0; d.json.PeekKind() != ']'; i++ {
		if i == MaxConditions {
			return fmt.Errorf("a transaction has at most %d conditions", MaxConditions)
		}
		condition, err := d.condition(resolve)
		if err != nil {
			return fmt.Errorf("condition %d: %w", i, err)
		}
		t.Conditions = append(t.Conditions, condition)
	}
	_, err := d.json.ReadToken()
	return syntaxError(err)
}

// condition reads the object at hand. What it returns is not borrowed.
func (d *Decoder) condition(resolve Resolver) (server.Condition, error) {
	if err := d.expect('{', "an object"); err != nil {
		return server.Condition{}, err
	}
	var rec Record
	var version uint64
	var hasVersion bool
	for d.json.PeekKind() != '}' {
		name, err := d.json.ReadValue()
		if err != nil {
			return server.Condition{}, syntaxError(err)
		}
		switch string(name) {
		case `"version"`:
			hasVersion = true
			version, err = d.version()
		case `"keyspace"`, `"key"`, `"key_text"`, `"value"`, `"value_text"`:
			err = d.member(&rec, name)
		default:
			err = fmt.Errorf("unknown member %s", shorten(string(name)))
		}
		if err != nil {
			return server.Condition{}, err
		}
	}
	if _, err := d.json.ReadToken(); err != nil {
		return server.Condition{}, syntaxError(err)
	}
	switch {
	case !rec.HasKey:
		return server.Condition{}, errNoKey
	case hasVersion == rec.HasValue:
		return server.Condition{}, errors.New(`a condition takes either "version" or "value" (base64) or "value_text"`)
	}
	ks, err := resolve(rec.Keyspace)
	if err != nil {
		return server.Condition{}, err
	}
	return server.Condition{
		Keyspace: ks, Key: bytes.Clone(rec.Key), ByValue: rec.HasValue, Value: bytes.Clone(rec.Value), Version: version,
	}, mantisdb.CheckKey(rec.Key)
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
