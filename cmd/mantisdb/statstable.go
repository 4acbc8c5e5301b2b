package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// statsTable is a JSON object of figures for a person: whatever a server tells, in its
// order, with the units that the names have.
type statsTable struct {
	rows  []statsRow
	lists []statsList
}

// statsRow is one figure. The names of members of members are joined by dots.
type statsRow struct{ name, value string }

// statsList is an array of objects, a line each.
type statsList struct {
	name  string
	items [][]statsRow
}

// read reads an object.
func (t *statsTable) read(object []byte) error {
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	return t.object(d, "")
}

// object reads the object at hand, whose members' names come behind prefix.
func (t *statsTable) object(d *json.Decoder, prefix string) error {
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return fmt.Errorf("an object is expected (%w)", err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if err := t.member(prefix+string(appendEscaped(nil, fmt.Append(nil, name))), value); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func (t *statsTable) member(name string, value json.RawMessage) error {
	switch value[0] {
	case '{':
		d := json.NewDecoder(bytes.NewReader(value))
		return t.object(d, name+".")
	case '[':
		return t.array(name, value)
	}
	t.rows = append(t.rows, statsRow{name, figureText(name, value)})
	return nil
}

// array reads an array of objects. One of anything else is for programs.
func (t *statsTable) array(name string, value json.RawMessage) error {
	var items []json.RawMessage
	if err := json.Unmarshal(value, &items); err != nil {
		return err
	}
	list := statsList{name: name}
	for _, item := range items {
		if item[0] != '{' {
			return nil
		}
		var fields statsTable
		if err := fields.read(item); err != nil {
			return err
		}
		list.items = append(list.items, fields.rows)
	}
	if len(list.items) > 0 {
		t.lists = append(t.lists, list)
	}
	return nil
}

// write writes a line of names, and one for each item. What an item lacks is a dash.
func (l *statsList) write(w io.Writer) {
	var names []string
	for _, item := range l.items {
		for _, field := range item {
			if !slices.Contains(names, field.name) {
				names = append(names, field.name)
			}
		}
	}
	fmt.Fprintln(w, strings.Join(names, "\t"))
	for _, item := range l.items {
		values := make([]string, len(names))
		for i := range values {
			values[i] = "-"
		}
		for _, field := range item {
			values[slices.Index(names, field.name)] = field.value
		}
		fmt.Fprintln(w, strings.Join(values, "\t"))
	}
}

// figureText is a figure for a person, by the unit that its name tells.
func figureText(name string, value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil && value[0] == '"' {
		return string(appendEscaped(nil, []byte(text)))
	}
	n, err := strconv.ParseFloat(string(value), 64)
	if err != nil || n < 0 || n >= 1<<63 {
		return string(value) // true, false, null, or what no figure is
	}
	switch {
	case strings.HasSuffix(name, "_bytes"), strings.HasSuffix(name, "memory_limit"):
		return humanize.IBytes(uint64(n))
	case strings.HasSuffix(name, "_nanos"):
		return shortDuration(time.Duration(n))
	case bytes.ContainsAny(value, ".eE"):
		return humanize.CommafWithDigits(n, 2)
	}
	whole, _ := strconv.ParseInt(string(value), 10, 64) // exact beyond 53 bits
	return humanize.Comma(whole)
}

// shortDuration is a duration to three digits or so.
func shortDuration(d time.Duration) string {
	for unit := time.Duration(1); unit < time.Second; unit *= 1000 {
		if d < 1000*unit {
			return d.Round(max(unit/100, 1)).String()
		}
	}
	if d < time.Minute {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
