package metamorphic

import (
	"reflect"
	"strings"
	"testing"
)

// TestScriptText writes scripts down and reads them again.
func TestScriptText(t *testing.T) {
	for seed := range uint64(20) {
		s := Generate(seed, 2000, seed%2 == 0, []string{"go", "rust"})
		again, err := ParseScript(s.String())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if again.header() != s.header() {
			t.Errorf("seed %d: %q was read as %q", seed, s.header(), again.header())
		}
		for i := range s.Ops {
			if !reflect.DeepEqual(again.Ops[i], s.Ops[i]) {
				t.Fatalf("seed %d: %q was read as %q", seed, s.Ops[i], again.Ops[i])
			}
		}
	}
}

func TestScriptTextIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                            `no line "database"`,
		"put key=\"a\"":               `comes before the line "database"`,
		"database place=disk\nfly":    `line 2: no operation has the name "fly"`,
		"database\nput colour=\"a\"":  `"colour" is no field`,
		"database\nput key=a":         `key: "a" does not begin with a quoted string`,
		"database\nput key=\"a":       "a quote is not closed",
		"database\nput key=\"a\"*b":   "how many times?",
		"database\nput durability=no": `durability: `,
		"database size=3":             `"size" is no option`,
	} {
		if _, err := ParseScript(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}
