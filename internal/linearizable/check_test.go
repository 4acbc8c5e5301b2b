package linearizable

import (
	"math"
	"testing"

	"github.com/anishathalye/porcupine"
)

// TestIllegal: faults that histories may have must be seen, and what may be must not.
func TestIllegal(t *testing.T) {
	put := func(value string) KeyInput { return KeyInput{Kind: "put", Key: "k", Value: value} }
	get := KeyInput{Kind: "get", Key: "k"}
	saw := func(value string) KeyOutput { return KeyOutput{Found: true, Value: value} }
	op := func(call, end int64, in KeyInput, out KeyOutput) porcupine.Operation {
		return porcupine.Operation{Input: in, Output: out, Call: call, Return: end}
	}
	open := func(call int64, in KeyInput) porcupine.Operation {
		return op(call, math.MaxInt64, in, KeyOutput{Unknown: true})
	}
	one := op(0, 1, put("1"), KeyOutput{})
	for what, c := range map[string]struct {
		history []porcupine.Operation
		good    bool
	}{
		"a read of what was put":         {[]porcupine.Operation{one, op(2, 3, get, saw("1"))}, true},
		"a lost write":                   {[]porcupine.Operation{one, op(2, 3, get, KeyOutput{})}, false},
		"a stale read":                   {[]porcupine.Operation{one, op(2, 3, put("2"), KeyOutput{}), op(4, 5, get, saw("1"))}, false},
		"an unknown write, never seen":   {[]porcupine.Operation{one, open(2, put("2")), op(3, 4, get, saw("1"))}, true},
		"an unknown write, seen":         {[]porcupine.Operation{one, open(2, put("2")), op(3, 4, get, saw("2"))}, true},
		"an unknown write, seen late":    {[]porcupine.Operation{one, open(2, put("2")), op(3, 4, get, saw("1")), op(5, 6, get, saw("2"))}, true},
		"an unknown write, taken back":   {[]porcupine.Operation{one, open(2, put("2")), op(3, 4, get, saw("2")), op(5, 6, get, saw("1"))}, false},
		"an unknown write, seen early":   {[]porcupine.Operation{one, op(2, 3, get, saw("2")), open(4, put("2"))}, false},
		"an unknown increment":           {[]porcupine.Operation{one, open(2, KeyInput{Kind: "increment", Key: "k", By: 1}), op(3, 4, get, saw("2"))}, true},
		"an unknown increment, twice":    {[]porcupine.Operation{one, open(2, KeyInput{Kind: "increment", Key: "k", By: 1}), op(3, 4, get, saw("3"))}, false},
		"an unknown swap":                {[]porcupine.Operation{one, open(2, KeyInput{Kind: "compare-value", Key: "k", Value: "2", Expected: "1"}), op(3, 4, get, saw("2"))}, true},
		"an unknown swap of other value": {[]porcupine.Operation{one, open(2, KeyInput{Kind: "compare-value", Key: "k", Value: "2", Expected: "3"}), op(3, 4, get, saw("2"))}, false},
		"an unknown deletion":            {[]porcupine.Operation{one, open(2, KeyInput{Kind: "delete", Key: "k"}), op(3, 4, get, KeyOutput{})}, true},
	} {
		if illegal, undecided := Illegal(KeyModel, c.history); (len(illegal) == 0) != c.good || undecided > 0 {
			t.Errorf("%s: %d parts are illegal, and %d undecided", what, len(illegal), undecided)
		}
	}
}
