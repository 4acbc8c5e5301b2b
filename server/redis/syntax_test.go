package redis

import (
	"reflect"
	"testing"
)

func TestSyntax(t *testing.T) {
	value := func(name, kind string) *argument { return &argument{name: name, kind: kind} }
	token := func(word, name string) *argument { return &argument{name: name, kind: kindToken, token: word} }
	for text, want := range map[string][]*argument{
		"":                  nil,
		"<key> <value>":     {value("key", kindKey), value("value", kindString)},
		"[GET]":             {{name: "get", kind: kindToken, token: "GET", optional: true}},
		"<key> [<key> ...]": {{name: "key", kind: kindKey, multiple: true}},
		"[<command> ...]":   {{name: "command", kind: kindString, optional: true, multiple: true}},
		"[COUNT <count>]":   {{name: "count", kind: "integer", token: "COUNT", optional: true}},
		"(ON|OFF)":          {{name: "on_off", kind: kindChoice, parts: []*argument{token("ON", "on"), token("OFF", "off")}}},
		"<key> <value> [<key> <value> ...]": {{name: "key_value", kind: kindBlock, multiple: true,
			parts: []*argument{value("key", kindKey), value("value", kindString)}}},
		"[EX <seconds>|KEEPTTL]": {{name: "seconds_keepttl", kind: kindChoice, optional: true,
			parts: []*argument{{name: "seconds", kind: "integer", token: "EX"}, token("KEEPTTL", "keepttl")}}},
		"[TYPE <type>|ID <client-id> [<client-id> ...]]": {{name: "type_client-id", kind: kindChoice, optional: true,
			parts: []*argument{{name: "type", kind: kindString, token: "TYPE"}, {name: "client-id", kind: "integer", token: "ID", multiple: true}}}},
		"[GET <offset>|[NX] SET <offset> ...]": {{name: "offset_nx_offset", kind: kindChoice, optional: true, multiple: true,
			parts: []*argument{{name: "offset", kind: "integer", token: "GET"}, {name: "nx_offset", kind: kindBlock, parts: []*argument{
				{name: "nx", kind: kindToken, token: "NX", optional: true}, {name: "offset", kind: "integer", token: "SET"}}}}}},
	} {
		if got, err := parseSyntax(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, wrong := range []string{"[", "(a", "[]", "a]", "|", "...", "[<key> ...", "(a|)", "(a]"} {
		if got, err := parseSyntax(wrong); err == nil {
			t.Errorf("%q: %v", wrong, got)
		}
	}
}

// TestSyntaxOfCommands: what COMMAND DOCS says of a command's arguments is what the command
// takes.
func TestSyntaxOfCommands(t *testing.T) {
	// These take arguments, and do nothing with them, as in Redis.
	looser := map[string]bool{"command": true, "quit": true}
	for _, cmd := range newCommandTable().all() {
		name, own := cmd.fullName(), 1
		if cmd.parent != "" {
			own = 2
		}
		if cmd.run == nil {
			if cmd.Syntax != "" {
				t.Errorf("%s is a container with arguments: %s", name, cmd.Syntax)
			}
			continue
		}
		if least := own + leastWords(cmd.arguments); least != max(cmd.Arity, -cmd.Arity) {
			t.Errorf("%s takes at least %d words by its syntax, and its arity is %d", name, least, cmd.Arity)
		}
		if varies := variesInLength(cmd.arguments); varies != (cmd.Arity < 0) && !looser[name] {
			t.Errorf("%s: %q varies in length: %v, and its arity is %d", name, cmd.Syntax, varies, cmd.Arity)
		}
		if keys := countKeys(cmd.arguments); (keys > 0) != (cmd.Keys.Step != 0) {
			t.Errorf("%s: %q has %d keys, and its specification is %+v", name, cmd.Syntax, keys, cmd.Keys)
		}
	}
}

func variesInLength(list []*argument) bool {
	for _, a := range list {
		if a.optional || a.multiple || variesInLength(a.parts) {
			return true
		}
	}
	return false
}

func countKeys(list []*argument) int {
	n := 0
	for _, a := range list {
		if n += countKeys(a.parts); a.kind == kindKey {
			n++
		}
	}
	return n
}

func TestCommandDocsTellArguments(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.do("HELLO", "3")
	docs := c.do("COMMAND", "DOCS", "bitop", "getex", "time").(map[string]any)
	bitop := docs["bitop"].(map[string]any)["arguments"].([]any)
	for i, want := range []map[string]any{
		{"name": "and_or_xor_not", "type": "oneof", "arguments": []any{
			map[string]any{"name": "and", "type": "pure-token", "token": "AND"}, map[string]any{"name": "or", "type": "pure-token", "token": "OR"},
			map[string]any{"name": "xor", "type": "pure-token", "token": "XOR"}, map[string]any{"name": "not", "type": "pure-token", "token": "NOT"}}},
		{"name": "destkey", "type": "key", "key_spec_index": int64(0)},
		{"name": "key", "type": "key", "key_spec_index": int64(1), "flags": []any{"multiple"}},
	} {
		if !reflect.DeepEqual(bitop[i], any(want)) {
			t.Errorf("argument %d of BITOP is %v, want %v", i, bitop[i], want)
		}
	}
	if getex := docs["getex"].(map[string]any)["arguments"].([]any); len(getex) != 2 || !reflect.DeepEqual(getex[1].(map[string]any)["flags"], any([]any{"optional"})) {
		t.Errorf("GETEX: %v", getex)
	}
	if _, ok := docs["time"].(map[string]any)["arguments"]; ok {
		t.Error("TIME takes no arguments")
	}
}
