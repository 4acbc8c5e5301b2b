package main

import (
	"fmt"
	"slices"
	"strings"
)

// enum is a flag that takes one of some words.
type enum struct {
	value   string
	allowed []string
}

func newEnum(value string, allowed ...string) enum { return enum{value, allowed} }

// String implements pflag.Value.
func (e *enum) String() string { return e.value }

// Set implements pflag.Value.
func (e *enum) Set(s string) error {
	if !slices.Contains(e.allowed, s) {
		last := len(e.allowed) - 1
		return fmt.Errorf("use %s or %s", strings.Join(e.allowed[:last], ", "), e.allowed[last])
	}
	e.value = s
	return nil
}

// Type implements pflag.Value: it is what --help shows.
func (e *enum) Type() string { return strings.Join(e.allowed, "|") }

// words are what the flag takes.
func (e *enum) words() []string { return e.allowed }
