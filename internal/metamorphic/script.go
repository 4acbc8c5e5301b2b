package metamorphic

import (
	"fmt"
	"strings"

	"github.com/mantisdb/mantisdb"
)

// Script is what is done with a database. Its text form is a line for the options
// and one for each operation; empty lines and those that begin with # are skipped.
type Script struct {
	Engines []string // that do the same in lockstep
	OnDisk  bool     // in a directory, not in memory
	Options DiskOptions
	Ops     []Op
}

// DiskOptions are how a directory is opened.
type DiskOptions struct {
	Durability mantisdb.Durability
	Limit      uint64 // of memory, in bytes
}

// databaseWord begins the line that has a script's options.
const databaseWord = "database"

func (s *Script) String() string {
	var text strings.Builder
	text.WriteString(s.header())
	text.WriteByte('\n')
	for _, op := range s.Ops {
		text.WriteString(op.String())
		text.WriteByte('\n')
	}
	return text.String()
}

// header is the line that has the options.
func (s *Script) header() string {
	place := "memory"
	if s.OnDisk {
		place = "disk"
	}
	line := fmt.Sprintf("%s engines=%s place=%s", databaseWord, strings.Join(s.Engines, ","), place)
	options := Op{Durability: s.Options.Durability, Limit: s.Options.Limit}
	return line + options.String()
}

// ParseScript parses the text form.
func ParseScript(text string) (*Script, error) {
	var s *Script
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		var err error
		if s == nil {
			s, err = parseHeader(line)
		} else {
			var op Op
			op, err = parseOp(line)
			s.Ops = append(s.Ops, op)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if s == nil {
		return nil, fmt.Errorf("the script has no line %q", databaseWord)
	}
	return s, nil
}

func parseHeader(line string) (*Script, error) {
	words := strings.Fields(line)
	if words[0] != databaseWord {
		return nil, fmt.Errorf("%q comes before the line %q", words[0], databaseWord)
	}
	s := new(Script)
	var options Op
	for _, word := range words[1:] {
		name, text, _ := strings.Cut(word, "=")
		switch name {
		case "engines":
			s.Engines = strings.Split(text, ",")
		case "place":
			s.OnDisk = text == "disk"
		default:
			f, ok := fieldOf(name)
			if !ok {
				return nil, fmt.Errorf("%q is no option of a database", name)
			}
			if err := f.parse(&options, text); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	s.Options = DiskOptions{options.Durability, options.Limit}
	return s, nil
}
