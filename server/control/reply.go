package control

import (
	"encoding/json"
	"unicode/utf8"
)

// Reply is what a command replied, as a tree.
type Reply struct {
	// Type is "string", "simple", "error", "integer", "null", "array", "map", "set",
	// "double", "boolean", "push", "verbatim" or "big".
	Type string
	// Text is the value of what has no items, as the protocol writes it: bytes, digits,
	// "true" or "false".
	Text []byte
	// Items are those of an array, a set or a message; of a map its keys, each followed by
	// its value.
	Items []Reply
	// Cut is how much was left out at the end: bytes of Text, or of Items how many.
	Cut int64
}

// HasItems tells whether replies of a type have items rather than a text.
func HasItems(kind string) bool {
	switch kind {
	case "array", "map", "set", "push":
		return true
	}
	return false
}

// MarshalJSON implements json.Marshaler. A text that is not UTF-8 is "bytes", in base64.
func (r Reply) MarshalJSON() ([]byte, error) {
	shown := struct {
		Type  string  `json:"type"`
		Text  *string `json:"text,omitempty"`
		Bytes []byte  `json:"bytes,omitempty"`
		Items []Reply `json:"items,omitzero"`
		Cut   int64   `json:"cut,omitempty"`
	}{Type: r.Type, Cut: r.Cut}
	switch {
	case HasItems(r.Type):
		if shown.Items = r.Items; r.Items == nil {
			shown.Items = []Reply{}
		}
	case r.Type == "null":
	case utf8.Valid(r.Text):
		text := string(r.Text)
		shown.Text = &text
	default:
		shown.Bytes = r.Text
	}
	return json.Marshal(shown)
}
