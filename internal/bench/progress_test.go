package bench

import (
	"strings"
	"testing"
)

func TestProgressOnATerminalIsOneLineThatVanishes(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out, true)
	stop := p.watch("go 1/9 sequential_writes", func() (float64, uint64) { return 0.5, 100 })
	stop()
	p.finished("go 1/9 sequential_writes", &Result{Operations: 1000})
	p.erase()
	got := out.String()
	if !strings.Contains(got, "go 1/9 sequential_writes  50%  500 ops/s") {
		t.Errorf("progress is %q", got)
	}
	if strings.Contains(got, "\n") || !strings.HasSuffix(got, eraseLine) {
		t.Errorf("progress leaves something on the terminal: %q", got)
	}
}

func TestProgressElsewhereIsPlainLines(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out, false)
	stop := p.watch("go 1/9 sequential_writes", func() (float64, uint64) { return 0.5, 100 })
	stop()
	p.show("checking")
	p.note("a note")
	p.finished("go 1/9 sequential_writes", &Result{Operations: 1_000_000, Seconds: 2, OpsPerSecond: 500_000, Errors: 3})
	p.erase()
	want := "a note\ngo 1/9 sequential_writes: 1,000,000 operations in 2.00 s, 500,000 ops/s, 3 errors\n"
	if out.String() != want {
		t.Errorf("progress is %q, want %q", out.String(), want)
	}
}
