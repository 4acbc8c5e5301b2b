package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/mantisdb/mantisdb"
)

// Condition is what a transaction expects of a key: a value, or its version.
type Condition struct {
	Keyspace *mantisdb.Keyspace // nil: the default one
	Key      []byte
	// ByValue says that the key's value must have the bytes of Value; else it must
	// have the version Version, 0 meaning that the key is absent.
	ByValue bool
	Value   []byte
	Version uint64
}

// ConditionError tells that a transaction was refused since a condition does not
// hold.
type ConditionError struct {
	Index   int    // of the first such condition
	Version uint64 // of the value that the key has; 0: it is absent
}

// Error implements error.
func (e *ConditionError) Error() string {
	if e.Version == 0 {
		return fmt.Sprintf("condition %d does not hold: the key is absent", e.Index)
	}
	return fmt.Sprintf("condition %d does not hold: the key has another value, whose version is %d", e.Index, e.Version)
}

// holds tells whether a key that has value, if its version is not 0, is as expected.
func (c *Condition) holds(value []byte, version uint64) bool {
	if c.ByValue {
		return version != 0 && bytes.Equal(value, c.Value)
	}
	return version == c.Version
}

// checkConditions is a *ConditionError if not all conditions hold in what tx reads.
func checkConditions(ctx context.Context, tx *mantisdb.Tx, conditions []Condition) error {
	var value []byte
	for i := range conditions {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := &conditions[i]
		var meta mantisdb.Meta
		var err error
		value, meta, err = tx.In(c.Keyspace).AppendGetMeta(value[:0], c.Key)
		if err != nil && !errors.Is(err, mantisdb.ErrNotFound) {
			return err
		}
		if !c.holds(value, meta.Version) {
			return &ConditionError{Index: i, Version: meta.Version}
		}
	}
	return nil
}
