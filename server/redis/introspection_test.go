package redis

import (
	"fmt"
	"slices"
	"testing"
)

func TestCommandTable(t *testing.T) {
	s := newTestServer(t)
	for _, cmd := range s.table.all() {
		name := cmd.fullName()
		if cmd.Summary == "" || cmd.Since == "" || cmd.Group == "" || cmd.Complexity == "" {
			t.Errorf("%s: COMMAND DOCS would have gaps: %+v", name, cmd)
		}
		if cmd.run == nil && cmd.Subcommands == nil {
			t.Errorf("%s does nothing", name)
		}
		if cmd.Keys.Step != 0 && len(cmd.accesses()) == 0 {
			t.Errorf("%s: nothing is done to its keys", name)
		}
		if fast := slices.Contains(cmd.categories(), categoryFast); fast == slices.Contains(cmd.categories(), categorySlow) {
			t.Errorf("%s is of %v", name, cmd.categories())
		}
		if got := s.table.named(name); got != cmd {
			t.Errorf("%s is not found by its name", name)
		}
	}
	if s.table.named("get|key") != nil || s.table.named("config|get|key") != nil {
		t.Error("found what there is not")
	}
}

func TestCommandInfo(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	c.want(int64(len(s.table)), "COMMAND", "COUNT")
	if all := c.do("COMMAND").([]any); len(all) != len(s.table) {
		t.Errorf("%d commands, want %d", len(all), len(s.table))
	}
	infos := c.do("COMMAND", "INFO", "GET", "nosuch", "memory|usage").([]any)
	get := infos[0].([]any)
	for i, want := range []any{"get", int64(2), []any{"readonly", "fast"}, int64(1), int64(1), int64(1), []any{"@read", "@string", "@fast"}} {
		if fmt.Sprint(get[i]) != fmt.Sprint(want) {
			t.Errorf("element %d of GET is %v, want %v", i, get[i], want)
		}
	}
	if len(get) != 10 || infos[1] != nil || infos[2].([]any)[3] != int64(2) {
		t.Errorf("%v", infos)
	}
	c.want([]any{"config|resetstat"}, "COMMAND", "LIST", "FILTERBY", "PATTERN", "CONFIG|reset*")
	c.want([]any{}, "COMMAND", "LIST", "FILTERBY", "MODULE", "any")
	strings := c.do("COMMAND", "LIST", "FILTERBY", "ACLCAT", "string").([]any)
	if !slices.Contains(strings, any("get")) || slices.Contains(strings, any("del")) {
		t.Errorf("strings: %v", strings)
	}
	c.want(replyError("ERR syntax error"), "COMMAND", "LIST", "FILTERBY", "NOSUCH", "x")
}

func TestCommandDocs(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.do("HELLO", "3")
	docs := c.do("COMMAND", "DOCS", "config", "get", "nosuch").(map[string]any)
	if len(docs) != 2 || docs["get"].(map[string]any)["group"] != "string" {
		t.Errorf("%v", docs)
	}
	subs := docs["config"].(map[string]any)["subcommands"].(map[string]any)
	if subs["config|get"].(map[string]any)["since"] != "2.0.0" {
		t.Errorf("%v", subs)
	}
}

func TestCommandGetKeys(t *testing.T) {
	c := newTestServer(t).dial(t)
	keys := func(args ...string) []any {
		list := make([]any, len(args))
		for i, arg := range args {
			list[i] = arg
		}
		return list
	}
	c.want(keys("k"), "COMMAND", "GETKEYS", "GET", "k")
	c.want(keys("a", "b", "c"), "COMMAND", "GETKEYS", "DEL", "a", "b", "c")
	c.want(keys("a", "b"), "COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2")
	c.want(keys("to", "a", "b"), "COMMAND", "GETKEYS", "BITOP", "AND", "to", "a", "b")
	c.want(keys("k"), "COMMAND", "GETKEYS", "MEMORY", "USAGE", "k")
	c.want([]any{[]any{"k", keys("OW", "update")}}, "COMMAND", "GETKEYSANDFLAGS", "SET", "k", "v")
	c.want([]any{[]any{"k", keys("RW", "access", "update")}}, "COMMAND", "GETKEYSANDFLAGS", "SET", "k", "v", "GET")
	c.want([]any{[]any{"a", keys("RW", "access", "delete")}, []any{"b", keys("OW", "update")}}, "COMMAND", "GETKEYSANDFLAGS", "RENAME", "a", "b")
	c.want(replyError("ERR Invalid command specified"), "COMMAND", "GETKEYS", "NOSUCH", "k")
	c.want(replyError("ERR The command has no key arguments"), "COMMAND", "GETKEYS", "PING", "k")
	c.want(replyError("ERR Invalid number of arguments specified for command"), "COMMAND", "GETKEYS", "GET", "k", "l")
}
