//go:build linux

package clustertest

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/mantisdb/mantisdb/internal/linearizable"
)

// registers are the keys that clients read and change, and the history of what they were
// told. Only a few keys are in use at once, so that clients meet; each is given up after a
// while, so that its history can be checked.
type registers struct {
	name  string
	began time.Time

	mu      sync.Mutex
	inUse   [registersInUse]register
	made    int
	history []porcupine.Operation
}

type register struct {
	key        string
	operations int
	made       time.Time
}

// How many registers are in use, and for how many operations and how long each is. The
// operations whose end nobody knows are what takes long to check: a client has at most one
// each time that it gives up waiting.
const (
	registersInUse   = 8
	registerUses     = 150
	registerLifetime = 3 * time.Second
)

func newRegisters(name string) *registers { return &registers{name: name, began: time.Now()} }

// pick is the key to use, by any number.
func (r *registers) pick(n int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := &r.inUse[n%registersInUse]
	if one.key == "" || one.operations >= registerUses || time.Since(one.made) > registerLifetime {
		*one = register{key: fmt.Sprintf("%s/%d", r.name, r.made), made: time.Now()}
		r.made++
	}
	one.operations++
	return one.key
}

// changes tells whether an operation may change anything.
func changes(in linearizable.KeyInput) bool {
	switch in.Kind {
	case "get", "get-meta", "has":
		return false
	}
	return true
}

// record has a client do an operation, and notes what it was told.
func (r *registers) record(client int, in linearizable.KeyInput, do func() (linearizable.KeyOutput, error)) (linearizable.KeyOutput, error) {
	call := time.Since(r.began)
	out, err := do()
	end := int64(time.Since(r.began))
	switch {
	case err == nil:
	case notDone(err) || !changes(in):
		return out, err
	default:
		out, end = linearizable.KeyOutput{Unknown: true}, math.MaxInt64
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history = append(r.history, porcupine.Operation{ClientId: client, Input: in, Output: out, Call: int64(call), Return: end})
	return out, err
}
