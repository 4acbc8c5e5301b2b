package redis

import (
	"strings"
	"testing"
	"time"
)

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true}, {"**", "", true},
		{"a*", "abc", true}, {"*c", "abc", true}, {"a*c", "abbc", true}, {"a*d", "abc", false},
		{"a*b*c", "aXbYbZc", true}, {"*a*a*", "a", false},
		{"?", "a", true}, {"?", "", false}, {"??", "a", false}, {"a?c", "abc", true},
		{"h[ae]llo", "hello", true}, {"h[ae]llo", "hillo", false},
		{"h[^e]llo", "hallo", true}, {"h[^e]llo", "hello", false},
		{"h[a-b]llo", "hallo", true}, {"h[b-a]llo", "hallo", true}, {"h[a-b]llo", "hcllo", false},
		{"[abc", "a", true}, {"[abc", "d", false}, {"[a-", "-", true}, {"[", "a", false}, {"[^", "a", true},
		{"[]a]", "a", false}, {"[\\]]", "]", true}, {"[\\a-z]", "-", true},
		{`\*`, "*", true}, {`\*`, "a", false}, {`\\`, `\`, true}, {`a\`, `a\`, true}, {`\a`, "a", true},
		{"a", "A", false},
	} {
		if got := matches(c.pattern, c.text); got != c.want {
			t.Errorf("%q matches %q: %v", c.pattern, c.text, got)
		}
	}
}

// TestMatchesTime: many stars take no time that grows with their number's power.
func TestMatchesTime(t *testing.T) {
	begin := time.Now()
	if matches(strings.Repeat("a*", 1000)+"b", strings.Repeat("a", 10_000)) {
		t.Error("there is no b")
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// matchesPlainly is what matches computes, by its definition: a star is nothing, or any
// byte and again a star.
func matchesPlainly(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern[0] == '*' {
		return matchesPlainly(pattern[1:], text) || text != "" && matchesPlainly(pattern, text[1:])
	}
	if text == "" {
		return false
	}
	set, rest := elementPlainly(pattern)
	return set[text[0]] && matchesPlainly(rest, text[1:])
}

// elementPlainly is which bytes the first element of a pattern takes, and what follows it.
func elementPlainly(pattern string) (set [256]bool, rest string) {
	switch {
	case pattern[0] == '?':
		for i := range set {
			set[i] = true
		}
		return set, pattern[1:]
	case pattern[0] == '\\' && len(pattern) > 1:
		set[pattern[1]] = true
		return set, pattern[2:]
	case pattern[0] != '[':
		set[pattern[0]] = true
		return set, pattern[1:]
	}
	rest = pattern[1:]
	negated := strings.HasPrefix(rest, "^")
	rest = strings.TrimPrefix(rest, "^")
	for rest != "" && rest[0] != ']' {
		switch {
		case rest[0] == '\\' && len(rest) > 1:
			set[rest[1]] = true
			rest = rest[2:]
		case len(rest) > 2 && rest[1] == '-':
			for b := int(min(rest[0], rest[2])); b <= int(max(rest[0], rest[2])); b++ {
				set[b] = true
			}
			rest = rest[3:]
		default:
			set[rest[0]] = true
			rest = rest[1:]
		}
	}
	if negated {
		for i := range set {
			set[i] = !set[i]
		}
	}
	return set, strings.TrimPrefix(rest, "]")
}

func FuzzMatches(f *testing.F) {
	f.Add("a*b?[c-e]", "aXXbYd")
	f.Add("*[^a\\]]*\\", "bc\\")
	f.Add("[z-a]*[", "q")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		// The definition takes exponential time.
		if strings.Count(pattern, "*") > 4 || len(pattern) > 40 || len(text) > 16 {
			return
		}
		if got, want := matches(pattern, text), matchesPlainly(pattern, text); got != want {
			t.Errorf("%q matches %q: %v, by the definition %v", pattern, text, got, want)
		}
	})
}
