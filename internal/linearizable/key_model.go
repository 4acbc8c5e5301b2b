package linearizable

import (
	"fmt"
	"strconv"

	"github.com/anishathalye/porcupine"
)

// KeyInput is an operation on one key.
type KeyInput struct {
	Kind            string
	Key             string
	Value, Expected string
	Version         uint64 // that is compared with
	By              int64
}

// KeyOutput is what came of one. Which fields it has depends on the kind.
type KeyOutput struct {
	Found   bool // or stored, or swapped
	Value   string
	Version uint64
	Number  int64
	Err     string
	// Unknown says that nobody was told what came of it: there is nothing else here, and
	// the operation has no end, since it may still be done.
	Unknown bool
}

func (in KeyInput) String() string {
	switch in.Kind {
	case "get", "get-meta", "has", "delete", "take":
		return in.Kind
	case "compare-value":
		return fmt.Sprintf("%s %q, put %q", in.Kind, in.Expected, in.Value)
	case "compare-version":
		return fmt.Sprintf("%s %d, put %q", in.Kind, in.Version, in.Value)
	case "increment":
		return fmt.Sprintf("%s %d", in.Kind, in.By)
	}
	return fmt.Sprintf("%s %q", in.Kind, in.Value)
}

func (out KeyOutput) String() string {
	if out.Unknown {
		return "what nobody knows"
	}
	if out.Err != "" {
		return out.Err
	}
	return fmt.Sprintf("%v %q, version %d, number %d", out.Found, out.Value, out.Version, out.Number)
}

// keyState is what a key has.
type keyState struct {
	exists  bool
	value   string
	version uint64 // 0 while no read has told it
	newest  uint64 // version that is known of the key
}

// KeyModel says what operations on a key do. One that nobody knows of is as if it was never
// done if it comes last of all in an order, as one without an end may.
var KeyModel = porcupine.Model{
	Partition: byKey,
	Init:      func() any { return keyState{} },
	Step: func(state, in, out any) (bool, any) {
		return state.(keyState).step(in.(KeyInput), out.(KeyOutput))
	},
	DescribeOperation: func(in, out any) string { return in.(KeyInput).String() + " gives " + out.(KeyOutput).String() },
	DescribeState:     func(state any) string { return fmt.Sprintf("%+v", state) },
}

func byKey(history []porcupine.Operation) [][]porcupine.Operation {
	var keys []string
	parts := make(map[string][]porcupine.Operation)
	for _, op := range history {
		key := op.Input.(KeyInput).Key
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

// termShift is where in a version of a cluster the number of the leader's term begins; others
// have none. With a new term, values get new versions.
const termShift = 40

// learn is the state after a read that told the version.
func (s keyState) learn(version uint64) (bool, any) {
	switch {
	case s.version == version:
		return true, s
	case s.version != 0 && version>>termShift <= s.version>>termShift, version <= s.newest:
		return false, s
	}
	s.version, s.newest = version, version
	return true, s
}

// step tells whether an operation may give this in a state, and the state after it.
func (s keyState) step(in KeyInput, out KeyOutput) (bool, any) {
	if out.Unknown {
		return true, s.after(in)
	}
	sawValue := out.Found == s.exists && out.Value == s.value
	switch in.Kind {
	case "get":
		return sawValue, s
	case "get-meta":
		if !sawValue || !s.exists {
			return sawValue, s
		}
		return s.learn(out.Version)
	case "has":
		return out.Found == s.exists, s
	case "put":
		return s.put(in.Value, 0)
	case "delete":
		return s.gone()
	case "put-if-absent":
		if out.Found != !s.exists || s.exists {
			return out.Found == !s.exists, s
		}
		return s.put(in.Value, 0)
	case "compare-value":
		return s.swap(in, out, s.exists && s.value == in.Expected)
	case "compare-version":
		// A version that was told of the value would be known. In a later term the value has
		// another one.
		if in.Version>>termShift != 0 && !out.Found {
			return true, s
		}
		return s.swap(in, out, in.Version == s.version && (in.Version != 0) == s.exists)
	case "take":
		if !sawValue || !s.exists {
			return sawValue, s
		}
		return s.gone()
	case "exchange":
		if !sawValue {
			return false, s
		}
		return s.put(in.Value, out.Version)
	case "increment":
		return s.increment(in, out)
	case "append":
		if out.Number != int64(len(s.value)+len(in.Value)) {
			return false, s
		}
		return s.put(s.value+in.Value, 0)
	}
	return false, s
}

// swap is a store that happens if what is compared is so.
func (s keyState) swap(in KeyInput, out KeyOutput, happens bool) (bool, any) {
	if out.Found != happens || !happens {
		return out.Found == happens, s
	}
	return s.put(in.Value, out.Version)
}

func (s keyState) increment(in KeyInput, out KeyOutput) (bool, any) {
	n, err := s.number()
	if err != nil {
		return out.Err != "", s
	}
	if out.Err != "" || out.Number != n+in.By {
		return false, s
	}
	return s.put(strconv.FormatInt(n+in.By, 10), 0)
}

// number is the value as what is incremented.
func (s keyState) number() (int64, error) {
	if !s.exists {
		return 0, nil
	}
	n, err := strconv.ParseInt(s.value, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != s.value {
		return 0, fmt.Errorf("%q is no number", s.value)
	}
	return n, nil
}

// after is the state after an operation that does what it is there for, if it can.
func (s keyState) after(in KeyInput) (after any) {
	_, after = s.step(in, s.output(in))
	return after
}

// output is what an operation gives in a state, but for versions, which the model cannot
// know.
func (s keyState) output(in KeyInput) KeyOutput {
	out := KeyOutput{Found: s.exists, Value: s.value}
	switch in.Kind {
	case "get-meta":
		out.Version = s.version
	case "put-if-absent":
		out.Found = !s.exists
	case "compare-value":
		out.Found = s.exists && s.value == in.Expected
	case "compare-version":
		out.Found = in.Version == s.version && (in.Version != 0) == s.exists
	case "increment":
		n, err := s.number()
		if err != nil {
			return KeyOutput{Err: err.Error()}
		}
		out.Number = n + in.By
	case "append":
		out.Number = int64(len(s.value) + len(in.Value))
	}
	return out
}
