package redis

import (
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// Request is one command on its way.
type Request struct {
	client *Client
	server *Server
	cmd    *Command
	args   [][]byte // the name first; borrowed
	out    *resp.Writer
	// tx is the transaction that it runs in; nil for a command that touches no keys,
	// and for a direct one.
	tx *mantisdb.Tx
	// events happen once the transaction is committed.
	events []event
	now    time.Time // when it began
	// order is that of the databases as the transaction sees it, and swapped that it has
	// changed it.
	order   *order
	swapped bool
}

// Value is a string under a key.
type Value struct {
	Bytes []byte // belongs to the request
	mantisdb.Meta
}

// keyspace is the database that the client has selected.
func (r *Request) keyspace() *mantisdb.Keyspace { return r.at(r.client.database) }

// at is the keyspace of a number, nil if nobody has selected it yet.
func (r *Request) at(number int) *mantisdb.Keyspace {
	if r.order == nil {
		return r.client.part.at(number)
	}
	return r.client.part.in(r.order, number)
}

// open is the keyspace of a number, which is made if need be.
func (r *Request) open(number int) (*mantisdb.Keyspace, error) {
	if r.order == nil {
		return r.client.part.open(number)
	}
	return r.client.part.openIn(r.order, number)
}

// keys are those of the selected database, in the request's transaction.
func (r *Request) keys() mantisdb.KeyspaceTx { return r.tx.In(r.keyspace()) }

// get reads a key in the transaction.
func (r *Request) get(key []byte) (value Value, found bool, err error) {
	return r.getIn(r.keyspace(), key)
}

// getIn is get in any database.
func (r *Request) getIn(ks *mantisdb.Keyspace, key []byte) (value Value, found bool, err error) {
	value.Bytes, value.Meta, err = r.tx.In(ks).AppendGetMeta(nil, key)
	if errors.Is(err, mantisdb.ErrNotFound) {
		return value, false, nil
	}
	return value, err == nil, err
}

// read reads a key as get does, for a command that gives the value away: without a
// transaction as well. The bytes are in a buffer of the client, until it reads again.
func (r *Request) read(key []byte) (value Value, found bool, err error) {
	buffer := r.client.run.value[:0]
	if r.tx == nil {
		value.Bytes, value.Meta, err = r.keyspace().AppendGetMeta(buffer, key)
	} else {
		value.Bytes, value.Meta, err = r.keys().AppendGetMeta(buffer, key)
	}
	r.client.run.keep(value.Bytes)
	if isNotFound(err) {
		r.miss(key)
		return value, false, nil
	}
	return value, err == nil, err
}

// has tells whether a key exists in the transaction.
func (r *Request) has(key []byte) (bool, error) { return r.keys().Has(key) }

// miss tells of a key that a command has looked for and not found.
func (r *Request) miss(key []byte) { r.notify(notifyKeyMiss, "keymiss", key) }

// put writes a key in the transaction; expiresAt is in Unix milliseconds, 0 for never.
func (r *Request) put(key, value []byte, expiresAt int64) error {
	if r.server.notifications.wants(notifyNew) {
		existed, err := r.keys().Has(key)
		if err != nil {
			return err
		}
		if !existed {
			r.notify(notifyNew, "new", key)
		}
	}
	return r.keys().PutExpiresAt(key, value, expiresAt)
}

// delete removes a key in the transaction.
func (r *Request) delete(key []byte) error { return r.keys().Delete(key) }

// int is an argument as a number of 64 bits.
func (r *Request) int(i int) (int64, error) {
	n, ok := parseInteger(r.args[i])
	if !ok {
		return 0, errNotInteger
	}
	return n, nil
}

// parseInteger reads a number as Redis does: no spaces, no plus, no leading zeros.
func parseInteger(text []byte) (int64, bool) {
	if len(text) == 0 || len(text) > 20 {
		return 0, false
	}
	digits := text
	if digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || digits[0] < '0' || digits[0] > '9' || digits[0] == '0' && len(text) > 1 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	return n, err == nil
}

// parseFloat reads a number with a fraction as Redis does.
func parseFloat(text []byte) (float64, bool) {
	if len(text) == 0 || text[0] == ' ' {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(f) {
		return 0, false
	}
	return f, true
}

// notify tells of something that happened to a key, once it is committed.
func (r *Request) notify(class notifyClass, name string, key []byte) {
	r.notifyIn(r.client.database, class, name, key)
}

// notifyIn is notify of a key of any database.
func (r *Request) notifyIn(number int, class notifyClass, name string, key []byte) {
	if r.server.notifications.wants(class) {
		r.events = append(r.events, event{class, name, string(key), number})
	}
}
