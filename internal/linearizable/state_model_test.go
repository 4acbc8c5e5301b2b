package linearizable

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// stateKeys is how many keys there are where an operation may be on several.
const stateKeys = 3

// stateState is what the keys have; "" is nothing.
type stateState [stateKeys]string

// stateInput is an operation on several keys.
type stateInput struct {
	kind string
	// What is read; of a transaction, before it writes.
	reads [stateKeys]bool
	// What is written, if it is not left as it is. In a transaction, what was read is
	// put before it.
	writes [stateKeys]write
}

// write is what becomes of a key.
type write struct {
	happens bool
	value   string // "" removes the key
}

// stateOutput is what came of one: what was read, and whether a transaction was refused.
type stateOutput struct {
	read    stateState
	refused bool
}

// stateModel says what operations on several keys do.
var stateModel = porcupine.Model{
	Init: func() any { return stateState{} },
	Step: func(state, in, out any) (bool, any) {
		return state.(stateState).step(in.(stateInput), out.(stateOutput))
	},
	DescribeOperation: func(in, out any) string { return in.(stateInput).describe(out.(stateOutput)) },
	DescribeState:     func(state any) string { return fmt.Sprintf("%q", state) },
}

// describe tells of each key what was read of it, and what is written.
func (in stateInput) describe(out stateOutput) string {
	text := in.kind
	for i := range stateKeys {
		if in.reads[i] {
			text += fmt.Sprintf(", %d is %q", i, out.read[i])
		}
		if w := in.writes[i]; w.happens {
			text += fmt.Sprintf(", %d becomes %q", i, w.value)
		}
	}
	if out.refused {
		text += ", refused"
	}
	return text
}

// step tells whether an operation may give this in a state, and the state after it.
func (s stateState) step(in stateInput, out stateOutput) (bool, any) {
	for i, reads := range in.reads {
		if reads && out.read[i] != s[i] {
			return false, s
		}
	}
	if out.refused {
		return true, s // what it has read was so at one moment all the same
	}
	for i, w := range in.writes {
		if w.happens {
			s[i] = w.value
			if in.kind == "transaction" {
				s[i] = derived(in, out.read, w)
			}
		}
	}
	return true, s
}

// derived is what a transaction writes: it tells what was read.
func derived(in stateInput, read stateState, w write) string {
	if w.value == "" {
		return ""
	}
	text := w.value
	for i, reads := range in.reads {
		if reads && read[i] != "" {
			text += read[i][:1]
		}
	}
	return text
}
