package redis

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestSlowlogHasTheLastSlowCommands(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.want("OK", "CLIENT", "SETNAME", "me")
	c.want("OK", "CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "3")
	c.want("OK", "SLOWLOG", "RESET")
	for i := range 5 {
		c.want("OK", "SET", "k", fmt.Sprint(i))
	}
	c.want("OK", "CONFIG", "SET", "slowlog-log-slower-than", "-1")
	c.want(int64(3), "SLOWLOG", "LEN")
	entries := c.do("SLOWLOG", "GET", "2").([]any)
	if len(entries) != 2 {
		t.Fatalf("%v", entries)
	}
	for i, want := range []string{"[SET k 4]", "[SET k 3]"} {
		e := entries[i].([]any)
		if len(e) != 6 || fmt.Sprint(e[3]) != want || e[4] != c.LocalAddr().String() || e[5] != "me" {
			t.Errorf("entry %d: %v, want %s", i, e, want)
		}
	}
	if newer, older := entries[0].([]any)[0].(int64), entries[1].([]any)[0].(int64); newer != older+1 {
		t.Errorf("numbers %d behind %d", newer, older)
	}
	c.want("OK", "CONFIG", "SET", "slowlog-max-len", "1")
	c.want(int64(1), "SLOWLOG", "LEN")
	c.want(replyError("ERR count should be greater than or equal to -1"), "SLOWLOG", "GET", "-2")
}

// A pipeline that was slow as a whole is one entry.
func TestSlowlogOfAPipeline(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	c.want("OK", "CONFIG", "SET", "slowlog-log-slower-than", "1")
	s.slow.threshold.Store(0)
	s.slow.log.reset()
	keys := strings.Repeat(command("GET", "key"), 3)
	c.write(keys)
	for range 3 {
		c.wantNext(nil)
	}
	for _, e := range s.slow.log.newest(-1) {
		if e.args[0] == "GET" && len(e.args) == 3 && e.args[1] == "key" && e.args[2] == "... (2 more commands of the pipeline)" {
			return
		}
	}
	t.Errorf("entries: %+v", s.slow.log.newest(-1))
}

func TestSlowlogKeepsNoSecretsAndNothingLong(t *testing.T) {
	s := newTestServer(t)
	c := s.dial(t)
	c.want("OK", "CONFIG", "SET", "slowlog-log-slower-than", "0")
	for _, x := range []struct{ args, want string }{
		{"AUTH name word", "AUTH (redacted) (redacted)"},
		{"HELLO 2 AUTH name word SETNAME me", "HELLO 2 AUTH (redacted) (redacted) SETNAME me"},
		{"CONFIG SET requirepass word nosuch word timeout 0", "CONFIG SET requirepass (redacted) nosuch (redacted) timeout 0"},
		{"ECHO " + strings.Repeat("a", 130), "ECHO " + strings.Repeat("a", 128) + "... (2 more bytes)"},
		{"DEL" + strings.Repeat(" k", 40), "DEL" + strings.Repeat(" k", 30) + " ... (10 more arguments)"},
	} {
		words := strings.Fields(x.args)
		args := make([][]byte, len(words))
		for i, word := range words {
			args[i] = []byte(word)
		}
		cmd, err := s.table.resolve(args)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(s.loggedArgs(cmd, args), " "); got != x.want {
			t.Errorf("%q is logged as %q, want %q", x.args, got, x.want)
		}
	}
}

func TestLatencyEvents(t *testing.T) {
	var l latencyEvents
	for i := range int64(latencySamples + 10) {
		l.add(eventCommand, i, 5)
		l.add(eventCommand, i, 20+i%2)
		l.add(eventCommand, i, 7)
	}
	l.add(eventFastCommand, 1, 3)
	names, events := l.snapshot()
	if fmt.Sprint(names) != "[command fast-command]" {
		t.Errorf("names %v", names)
	}
	e := events[eventCommand]
	if len(e.samples) != latencySamples || e.max != 21 || e.samples[0] != (latencySample{10, 20}) || e.samples[1] != (latencySample{11, 21}) {
		t.Errorf("%d samples, the longest %d, beginning with %v", len(e.samples), e.max, e.samples[:2])
	}
	if n := l.reset([]string{"nosuch", eventCommand}); n != 1 {
		t.Errorf("%d events were forgotten", n)
	}
	if n := l.reset(nil); n != 1 {
		t.Errorf("%d events were left", n)
	}
}

func TestLatencyCommands(t *testing.T) {
	s := newTestServerWith(t, Config{EnableDebug: true})
	c := s.dial(t)
	if report := c.do("LATENCY", "DOCTOR").(string); !strings.Contains(report, "off") {
		t.Errorf("%q", report)
	}
	c.want("OK", "CONFIG", "SET", "latency-monitor-threshold", "20")
	c.want("OK", "DEBUG", "SLEEP", "0.03")
	latest := c.do("LATENCY", "LATEST").([]any)
	if len(latest) != 1 || latest[0].([]any)[0] != "command" || latest[0].([]any)[3].(int64) < 30 {
		t.Errorf("latest: %v", latest)
	}
	history := c.do("LATENCY", "HISTORY", "command").([]any)
	if len(history) != 1 || time.Now().Unix()-history[0].([]any)[0].(int64) > 5 {
		t.Errorf("history: %v", history)
	}
	c.want(int64(1), "LATENCY", "RESET")
	c.want([]any{}, "LATENCY", "HISTORY", "command")
}

func TestLatencyHistogram(t *testing.T) {
	c := newTestServer(t).dial(t)
	c.do("HELLO", "3")
	c.do("CLIENT", "ID")
	c.do("CLIENT", "GETNAME")
	c.do("PING")
	of := c.do("LATENCY", "HISTOGRAM", "client", "nosuch", "ping").(map[string]any)
	if len(of) != 3 {
		t.Fatalf("%v", of)
	}
	ping := of["ping"].(map[string]any)
	if ping["calls"] != int64(1) || len(ping["histogram_usec"].(map[string]any)) != 1 {
		t.Errorf("ping: %v", ping)
	}
	c.want(map[string]any{}, "LATENCY", "HISTOGRAM", "nosuch")
}
