package linearizable

import (
	"fmt"
	"strconv"

	"github.com/anishathalye/porcupine"
)

// keyInput is an operation on one key.
type keyInput struct {
	kind            string
	key             string
	value, expected string
	version         uint64 // that is compared with
	by              int64
}

// keyOutput is what came of one. Which fields it has depends on the kind.
type keyOutput struct {
	found   bool // or stored, or swapped
	value   string
	version uint64
	number  int64
	err     string
}

func (in keyInput) String() string {
	switch in.kind {
	case "get", "get-meta", "has", "delete", "take":
		return in.kind
	case "compare-value":
		return fmt.Sprintf("%s %q, put %q", in.kind, in.expected, in.value)
	case "compare-version":
		return fmt.Sprintf("%s %d, put %q", in.kind, in.version, in.value)
	case "increment":
		return fmt.Sprintf("%s %d", in.kind, in.by)
	}
	return fmt.Sprintf("%s %q", in.kind, in.value)
}

func (out keyOutput) String() string {
	if out.err != "" {
		return out.err
	}
	return fmt.Sprintf("%v %q, version %d, number %d", out.found, out.value, out.version, out.number)
}

// keyState is what a key has.
type keyState struct {
	exists  bool
	value   string
	version uint64 // 0 while no read has told it
	newest  uint64 // version that is known of the key
}

// keyModel says what operations on a key do.
var keyModel = porcupine.Model{
	Partition: byKey,
	Init:      func() any { return keyState{} },
	Step: func(state, in, out any) (bool, any) {
		return state.(keyState).step(in.(keyInput), out.(keyOutput))
	},
	DescribeOperation: func(in, out any) string { return in.(keyInput).String() + " gives " + out.(keyOutput).String() },
	DescribeState:     func(state any) string { return fmt.Sprintf("%+v", state) },
}

func byKey(history []porcupine.Operation) [][]porcupine.Operation {
	var keys []string
	parts := make(map[string][]porcupine.Operation)
	for _, op := range history {
		key := op.Input.(keyInput).key
		if parts[key] == nil {
			keys = append(keys, key)
		}
		parts[key] = append(parts[key], op)
	}
	var all [][]porcupine.Operation
	for _, key := range keys {
		all = append(all, parts[key])
	}
	return all
}

// put is the state after a write, whose version is given if it was told.
func (s keyState) put(value string, version uint64) (bool, any) {
	if version != 0 && version <= s.newest {
		return false, s
	}
	return true, keyState{exists: true, value: value, version: version, newest: max(s.newest, version)}
}

// gone is the state after a deletion.
func (s keyState) gone() (bool, any) { return true, keyState{newest: s.newest} }

// learn is the state after a read that told the version.
func (s keyState) learn(version uint64) (bool, any) {
	switch {
	case s.version != 0:
		return s.version == version, s
	case version <= s.newest:
		return false, s
	}
	s.version, s.newest = version, version
	return true, s
}

// step tells whether an operation may give this in a state, and the state after it.
func (s keyState) step(in keyInput, out keyOutput) (bool, any) {
	sawValue := out.found == s.exists && out.value == s.value
	switch in.kind {
	case "get":
		return sawValue, s
	case "get-meta":
		if !sawValue || !s.exists {
			return sawValue, s
		}
		return s.learn(out.version)
	case "has":
		return out.found == s.exists, s
	case "put":
		return s.put(in.value, 0)
	case "delete":
		return s.gone()
	case "put-if-absent":
		if out.found != !s.exists || s.exists {
			return out.found == !s.exists, s
		}
		return s.put(in.value, 0)
	case "compare-value":
		return s.swap(in, out, s.exists && s.value == in.expected)
	case "compare-version":
		// A version that was told of the value would be known.
		return s.swap(in, out, in.version == s.version && (in.version != 0) == s.exists)
	case "take":
		if !sawValue || !s.exists {
			return sawValue, s
		}
		return s.gone()
	case "exchange":
		if !sawValue {
			return false, s
		}
		return s.put(in.value, out.version)
	case "increment":
		return s.increment(in, out)
	case "append":
		if out.number != int64(len(s.value)+len(in.value)) {
			return false, s
		}
		return s.put(s.value+in.value, 0)
	}
	return false, s
}

// swap is a store that happens if what is compared is so.
func (s keyState) swap(in keyInput, out keyOutput, happens bool) (bool, any) {
	if out.found != happens || !happens {
		return out.found == happens, s
	}
	return s.put(in.value, out.version)
}

func (s keyState) increment(in keyInput, out keyOutput) (bool, any) {
	n := int64(0)
	if s.exists {
		var err error
		if n, err = strconv.ParseInt(s.value, 10, 64); err != nil || strconv.FormatInt(n, 10) != s.value {
			return out.err != "", s
		}
	}
	if out.err != "" || out.number != n+in.by {
		return false, s
	}
	return s.put(strconv.FormatInt(n+in.by, 10), 0)
}
