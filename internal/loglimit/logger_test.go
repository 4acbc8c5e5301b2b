package loglimit

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAFloodIsALineNowAndThen(t *testing.T) {
	var text bytes.Buffer
	l := New(slog.New(slog.NewTextHandler(&text, nil)))
	now := time.Now()
	l.now = func() time.Time { return now }
	flood := func(message string) (written int) {
		before := strings.Count(text.String(), message)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				for range 100 {
					l.Warn(message, "client", "a")
				}
			})
		}
		all.Wait()
		return strings.Count(text.String(), message) - before
	}
	if n := flood("first"); n != burst {
		t.Errorf("%d lines", n)
	}
	if n := flood("second"); n != burst {
		t.Errorf("%d lines of another message", n)
	}
	now = now.Add(interval - 1)
	if n := flood("first"); n != 0 {
		t.Errorf("%d lines before the interval has passed", n)
	}
	if strings.Contains(text.String(), "left_out") {
		t.Errorf("what was left out is told too early: %s", &text)
	}
	now = now.Add(1)
	l.Info("first", "client", "b")
	if want := `level=INFO msg=first client=b left_out=1990`; !strings.Contains(text.String(), want) {
		t.Errorf("no %q in %s", want, &text)
	}
	l.Info("first")
	if !strings.HasSuffix(text.String(), "msg=first\n") {
		t.Errorf("it is told twice: %s", &text)
	}
}

func TestLevelsAreKept(t *testing.T) {
	var text bytes.Buffer
	l := New(slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelWarn})))
	l.Info("quiet")
	l.Warn("loud")
	if s := text.String(); strings.Contains(s, "quiet") || !strings.Contains(s, "loud") {
		t.Error(s)
	}
}
