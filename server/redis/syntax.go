package redis

import (
	"fmt"
	"slices"
	"strings"
)

// argument is a part of a command's syntax, in the terms of COMMAND DOCS.
type argument struct {
	name     string
	kind     string      // what COMMAND DOCS calls its type
	token    string      // the word that stands before it, or is all of it
	parts    []*argument // of a block in their order; of a choice, one of them
	optional bool
	multiple bool // may be repeated; its token comes once
}

// The kinds of arguments. Those of values are in valueKinds.
const (
	kindToken  = "pure-token"
	kindBlock  = "block"
	kindChoice = "oneof"
	kindString = "string"
	kindKey    = "key"
)

// valueKinds are the kinds of values by their names in a syntax, where they are not
// strings.
var valueKinds = map[string]string{
	"key": kindKey, "newkey": kindKey, "key1": kindKey, "key2": kindKey, "source": kindKey, "destination": kindKey, "destkey": kindKey,
	"pattern": "pattern", "number": "double",
	"unix-time-seconds": "unix-time", "unix-time-milliseconds": "unix-time",
	"seconds": "integer", "milliseconds": "integer", "ttl": "integer", "timeout": "integer", "frequency": "integer",
	"offset": "integer", "start": "integer", "end": "integer", "bit": "integer", "count": "integer", "bits": "integer",
	"increment": "integer", "decrement": "integer", "cursor": "integer", "min-match-len": "integer", "numreplicas": "integer",
	"db": "integer", "destination-db": "integer", "index": "integer", "index1": "integer", "index2": "integer",
	"protover": "integer", "client-id": "integer",
}

// parseSyntax reads how a command's arguments are written:
//
//	WORD          the word itself
//	<name>        a value
//	WORD <name>   a value behind a word that tells what it is
//	[...]         what may be left out
//	(a|b)         one of several; also in brackets
//	a ...         a once or more often
//	<a> [<a> ...] the same
func parseSyntax(text string) ([]*argument, error) {
	p := syntaxParser{words: syntaxWords(text)}
	list, err := p.sequence()
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("%q is unexpected", p.words[0])
	}
	if err != nil {
		return nil, fmt.Errorf("the syntax %q: %w", text, err)
	}
	return list, nil
}

// syntaxWords takes a syntax apart: into words, values, and single marks.
func syntaxWords(text string) []string {
	var words []string
	for text != "" {
		n := strings.IndexAny(text, "[](|) ")
		switch {
		case n < 0:
			n = len(text)
		case n == 0:
			n = 1
		}
		if text[0] != ' ' {
			words = append(words, text[:n])
		}
		text = text[n:]
	}
	return words
}

type syntaxParser struct{ words []string }

func (p *syntaxParser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

func (p *syntaxParser) take() string {
	word := p.next()
	p.words = p.words[1:]
	return word
}

// sequence is arguments in their order, up to the end, a mark that closes, or |.
func (p *syntaxParser) sequence() ([]*argument, error) {
	var list []*argument
	for {
		switch word := p.next(); word {
		case "", "]", ")", "|":
			return joinTokens(list), nil
		case "...":
			if len(list) == 0 {
				return nil, fmt.Errorf("%q stands behind nothing", word)
			}
			p.take()
			list = repeat(joinTokens(list))
		case "[", "(":
			p.take()
			group, err := p.group(map[string]string{"[": "]", "(": ")"}[word])
			if err != nil {
				return nil, err
			}
			if group.optional = word == "["; group.repeats(list) {
				list = append(list[:len(list)-group.length()], group.asMore())
				continue
			}
			list = append(list, group)
		default:
			list = append(list, simpleArgument(p.take()))
		}
	}
}

// group is what stands in brackets or parentheses, of which the first one was taken.
func (p *syntaxParser) group(end string) (*argument, error) {
	var choices []*argument
	for {
		list, err := p.sequence()
		switch {
		case err != nil:
			return nil, err
		case len(list) == 0:
			return nil, fmt.Errorf("nothing stands in a group")
		case p.next() == "":
			return nil, fmt.Errorf("%q is missing", end)
		}
		choices = append(choices, block(list))
		if mark := p.take(); mark == end {
			break
		} else if mark != "|" {
			return nil, fmt.Errorf("%q is unexpected", mark)
		}
	}
	if len(choices) == 1 {
		return choices[0], nil
	}
	// What is said of the last choice is said of all: they stand in one group.
	last := choices[len(choices)-1]
	all := &argument{name: joinNames(choices), kind: kindChoice, parts: choices, multiple: last.multiple && last.kind == kindBlock}
	if all.multiple {
		last.multiple = false
	}
	return all, nil
}

func simpleArgument(word string) *argument {
	name, isValue := strings.CutPrefix(word, "<")
	if !isValue {
		return &argument{name: strings.ToLower(word), kind: kindToken, token: word}
	}
	name = strings.TrimSuffix(name, ">")
	kind, ok := valueKinds[name]
	if !ok {
		kind = kindString
	}
	return &argument{name: name, kind: kind}
}

// joinTokens makes one argument of each word and the value or choice that it stands before.
func joinTokens(list []*argument) []*argument {
	var joined []*argument
	for _, a := range list {
		if n := len(joined); n > 0 && joined[n-1].kind == kindToken && !joined[n-1].optional &&
			a.kind != kindToken && !a.optional && a.token == "" {
			a.token = joined[n-1].token
			joined[n-1] = a
			continue
		}
		joined = append(joined, a)
	}
	return joined
}

// block is a list as one argument.
func block(list []*argument) *argument {
	if len(list) == 1 {
		return list[0]
	}
	return &argument{name: joinNames(list), kind: kindBlock, parts: list}
}

// repeat is a list that may come more often.
func repeat(list []*argument) []*argument {
	all := block(list)
	all.multiple = true
	return []*argument{all}
}

// joinNames is what a group is called.
func joinNames(list []*argument) string {
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = a.name
	}
	return strings.Join(names, "_")
}

// length is of how many arguments a group was made.
func (a *argument) length() int {
	if a.kind == kindBlock {
		return len(a.parts)
	}
	return 1
}

// repeats tells whether a group is more of what a list ends with.
func (a *argument) repeats(list []*argument) bool {
	n := a.length()
	if !a.optional || !a.multiple || a.kind == kindChoice || len(list) < n {
		return false
	}
	return block(slices.Clone(list[len(list)-n:])).name == a.name
}

// asMore is the group in place of what it repeats: it comes once at least.
func (a *argument) asMore() *argument {
	a.optional = false
	return a
}

// least is how many words an argument takes at least.
func (a *argument) least() int {
	n := 0
	switch {
	case a.optional:
		return 0
	case a.kind == kindToken:
		return 1
	case a.kind == kindChoice:
		n = a.parts[0].least()
		for _, part := range a.parts[1:] {
			n = min(n, part.least())
		}
	case a.kind == kindBlock:
		n = leastWords(a.parts)
	default:
		n = 1
	}
	if a.token != "" {
		n++
	}
	return n
}

func leastWords(list []*argument) int {
	n := 0
	for _, a := range list {
		n += a.least()
	}
	return n
}
