package httpapi

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
)

// modifyRequest is a request to change a key's value in one step.
type modifyRequest struct {
	w     http.ResponseWriter
	r     *http.Request
	entry entry
	query params
	o     mantisdb.WriteOptions // without a time to live
}

// operation is what the parameter op names.
type operation struct {
	params []string // that it takes beside op and durability
	body   bool     // whether it takes a body
	serve  func(*Handler, *modifyRequest) error
}

// operations are those that a POST of a key may name.
var operations = map[string]operation{
	"append":           {nil, true, (*Handler).appendValue},
	"compare-and-swap": {[]string{"ttl"}, true, (*Handler).compareAndSwap},
	"exchange":         {[]string{"ttl", "encoding"}, true, (*Handler).exchange},
	"expire":           {[]string{"ttl"}, false, (*Handler).expire},
	"increment":        {[]string{"by"}, false, (*Handler).increment},
	"persist":          {nil, false, (*Handler).setExpiry},
	"take":             {[]string{"encoding"}, false, (*Handler).take},
}

// namesOperation tells whether a query has the parameter op, which makes a POST one
// of a key, whatever the key is.
func namesOperation(rawQuery string) bool {
	values, _ := url.ParseQuery(rawQuery) // who answers tells what is malformed
	return values.Has("op")
}

// modifyKey does the operation that the query names.
func (h *Handler) modifyKey(w http.ResponseWriter, r *http.Request, e entry) error {
	m := modifyRequest{w: w, r: r, entry: e}
	m.query = parseParams(r.URL.RawQuery, "op", "by", "ttl", "encoding", "durability")
	m.o = writeOptions(&m.query)
	op := parsed(&m.query, "op", parseOperation)
	if err := m.query.err(); err != nil {
		return err
	}
	if op.serve == nil {
		return newProblem(malformedRequest, "query parameter \"op\" is missing: give one of %s", operationNames())
	}
	if err := m.check(&op); err != nil {
		return err
	}
	return op.serve(h, &m)
}

func parseOperation(s string) (operation, error) {
	op, ok := operations[s]
	if !ok {
		return operation{}, errors.New("it must be one of " + operationNames())
	}
	return op, nil
}

// operationNames lists the operations for a person.
func operationNames() string {
	names := make([]string, 0, len(operations))
	for name := range operations {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// check refuses what would be ignored.
func (m *modifyRequest) check(op *operation) error {
	name := m.query.values.Get("op")
	for _, other := range [...]string{"by", "ttl", "encoding"} {
		if _, given := m.query.lookup(other); given && !slices.Contains(op.params, other) {
			return newProblem(malformedRequest, "query parameter %q is not one of the operation %s", other, name)
		}
	}
	if !op.body && m.r.ContentLength != 0 {
		return newProblem(malformedRequest, "the operation %s takes no body", name)
	}
	return refuseAllConditions(m.r.Header)
}

// do makes the modification.
func (h *Handler) do(m *modifyRequest, what mantisdb.Modification) ([]byte, mantisdb.Modified, error) {
	return m.entry.ks.Modify(m.r.Context(), m.entry.key, what, m.o)
}

// doWithBody makes the modification, whose value is the body.
func (h *Handler) doWithBody(m *modifyRequest, kind mantisdb.ModificationKind) ([]byte, mantisdb.Modified, error) {
	buf := getBuffer()
	defer buf.release()
	var err error
	if buf.b, err = readBody(buf.b[:0], m.w, m.r, maxValueBody); err != nil {
		return nil, mantisdb.Modified{}, err
	}
	return h.do(m, mantisdb.Modification{Kind: kind, Value: buf.b})
}

// incremented is the answer to an increment.
type incremented struct {
	Number  int64  `json:"number"`
	Version uint64 `json:"version"`
}

// increment adds to the number that the value is.
func (h *Handler) increment(m *modifyRequest) error {
	by := int64(1)
	if _, given := m.query.lookup("by"); given {
		by = parsed(&m.query, "by", parseAddend)
	}
	if err := m.query.err(); err != nil {
		return err
	}
	_, done, err := h.do(m, mantisdb.Modification{Kind: mantisdb.ModifyIncrement, By: by})
	if err != nil {
		return err
	}
	return writeJSON(m.w, incremented{Number: done.Number, Version: done.Version})
}

func parseAddend(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, errors.New("it must be an integer of 64 bits with a sign, such as 5 or -5")
	}
	return n, nil
}

// appended is the answer to an append.
type appended struct {
	Length  int64  `json:"length"` // of the value, in bytes
	Version uint64 `json:"version"`
}

// appendValue adds the body at the value's end.
func (h *Handler) appendValue(m *modifyRequest) error {
	_, done, err := h.doWithBody(m, mantisdb.ModifyAppend)
	if err != nil {
		return err
	}
	return writeJSON(m.w, appended{Length: done.Number, Version: done.Version})
}

// take answers with the value, which it removes.
func (h *Handler) take(m *modifyRequest) error {
	encoding := parsed(&m.query, "encoding", wire.ParseEncoding)
	if err := m.query.err(); err != nil {
		return err
	}
	before, done, err := h.do(m, mantisdb.Modification{Kind: mantisdb.ModifyTake})
	if err != nil {
		return err
	}
	if !done.Existed {
		return problemKeyNotFound
	}
	writeEntry(m.w, m.r, encoding, mantisdb.Entry{Key: m.entry.key, Value: before, Meta: done.Before})
	return nil
}

// exchange stores the body and answers with the value before, or 204 if there was
// none.
func (h *Handler) exchange(m *modifyRequest) error {
	encoding := parsed(&m.query, "encoding", wire.ParseEncoding)
	m.o.TTL = parsed(&m.query, "ttl", wire.ParseTTL)
	if err := m.query.err(); err != nil {
		return err
	}
	before, done, err := h.doWithBody(m, mantisdb.ModifyExchange)
	if err != nil {
		return err
	}
	if !done.Existed {
		answerVersion(m.w, done.Version)
		return nil
	}
	writeEntry(m.w, m.r, encoding, mantisdb.Entry{Key: m.entry.key, Value: before, Meta: done.Before})
	return nil
}

// compareAndSwap stores a value in place of the one that is expected.
func (h *Handler) compareAndSwap(m *modifyRequest) error {
	m.o.TTL = parsed(&m.query, "ttl", wire.ParseTTL)
	if err := m.query.err(); err != nil {
		return err
	}
	body, err := jsonBody(m.w, m.r, "a compare-and-swap")
	if err != nil {
		return err
	}
	swap, err := wire.ReadSwap(body)
	if err != nil {
		return jsonError(err)
	}
	_, done, err := h.do(m, mantisdb.Modification{Kind: mantisdb.ModifyCompareValue, Expected: swap.Expected, Value: swap.Value})
	switch {
	case err != nil:
		return err
	case !done.Existed:
		return newProblem(conditionFailed, "the key is absent, and so has not the expected value")
	case done.Version == 0:
		return newProblem(conditionFailed, "the key has another value than the expected one; its version is %d", done.Before.Version)
	}
	answerVersion(m.w, done.Version)
	return nil
}

// expire makes the value expire after a time.
func (h *Handler) expire(m *modifyRequest) error {
	if _, given := m.query.lookup("ttl"); !given {
		return newProblem(malformedRequest, "query parameter \"ttl\" is missing: say how long the value is to live, or use the operation persist")
	}
	m.o.TTL = parsed(&m.query, "ttl", wire.ParseTTL)
	if err := m.query.err(); err != nil {
		return err
	}
	return h.setExpiry(m)
}

// setExpiry makes the value live as long as the options say, which is for ever
// without a time to live.
func (h *Handler) setExpiry(m *modifyRequest) error {
	_, done, err := h.do(m, mantisdb.Modification{Kind: mantisdb.ModifyExpire})
	if err != nil {
		return err
	}
	if done.Version == 0 {
		return problemKeyNotFound
	}
	answerVersion(m.w, done.Version)
	return nil
}
