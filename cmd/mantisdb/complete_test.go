package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCompletion(t *testing.T) {
	t.Parallel()
	skipManyProcesses(t)
	for _, c := range []struct{ args, want string }{
		{"put k --durability |", "sync\nbuffered\nmemory\n:4\n"},
		{"scan --output |", "plain\njson\nhex\nbase64\n:4\n"},
		{"--engine |", "rust\ngo\ncache\n:4\n"},
		{"export --engine |", "rust\ngo\n:4\n"},
		{"get |", ":4\n"},
		{"get --server |", ":4\n"},
		{"put k --file |", ":0\n"},
		{"serve --password-file |", ":0\n"},
		{"scan |", ":4\n"},
		{"health |", ":4\n"},
		{"stats --data-dir |", ":16\n"},
		{"check |", ":16\n"},
		{"import |", ":0\n"},
		{"--config |", "yaml\nyml\ntoml\n:8\n"},
	} {
		args := []string{"__complete"}
		for _, arg := range strings.Fields(c.args) {
			args = append(args, strings.TrimSuffix(arg, "|"))
		}
		if got := finish(t, program(t, args...)); got.code != 0 || got.stdout != c.want {
			t.Errorf("%s: %+v, want %q", c.args, got, c.want)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if got := finish(t, program(t, "completion", shell)); got.code != 0 || !strings.Contains(got.stdout, "__complete") {
			t.Errorf("%s: %d, %.100s", shell, got.code, got.stderr)
		}
	}
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}} {
		if got := finish(t, program(t, args...)); got.code != 2 || got.stdout != "" {
			t.Errorf("%q: %d, %.100s", args, got.code, got.stdout)
		}
	}
}

// TestManual: there is a page for each command, the same one each time, and nothing of a
// text is taken for markup.
func TestManual(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "man")
	cmd := program(t, "man", "--dir="+dir)
	cmd.Env = append(cmd.Env, "SOURCE_DATE_EPOCH=1790000000")
	if got := finish(t, cmd); got.code != 0 || got.stdout+got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	page := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	if got := page("mantisdb.1"); !strings.Contains(got, `.TH "MANTISDB" "1" "Sep 2026" "MantisDB`) {
		t.Errorf("%.300s", got)
	}
	for _, cmd := range newRootCommand().Commands() {
		if cmd.Name() == "help" {
			continue // which the other pages take the place of
		}
		if got := page("mantisdb-" + cmd.Name() + ".1"); !strings.Contains(got, ".SH EXAMPLE") {
			t.Errorf("the page of %s lacks its example", cmd.Name())
		}
	}
	if got := page("mantisdb-import.1"); !strings.Contains(got, `{"key":"<base64>","value":"<base64>","expires_at":<Unix ms>}`) {
		t.Errorf("%s", got)
	}
	if got := page("mantisdb-scan.1"); !strings.Contains(got, `key, tab and value, with \\n, \\t, \\\\ and \\xff for what would not show`) {
		t.Errorf("%s", got)
	}
	if got := page("mantisdb-put.1"); !strings.Contains(got, "(sync, buffered, memory)") {
		t.Errorf("%s", got)
	}
}
