package figures_test

import (
	"testing"
)

// TestMeterMeasures what was done since the last point, and no more.
func TestMeterMeasures(t *testing.T) {
	s := newShown(t)
	s.command("SET before 1")
	m, err := s.all.Meter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		s.command("GET before")
		s.do("GET", "/api/v1/kv/none", "")
	}
	for _, want := range []float64{5, 0} {
		p, err := m.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seconds := p.Span.Seconds()
		commands, requests := p.RedisCommands*seconds, p.HTTPRequests*seconds
		// The last request may be counted a moment after its answer.
		if commands < want-0.01 || commands > want+0.01 || requests < want-1.01 || requests > want+0.01 && want > 0 {
			t.Errorf("%v commands and %v requests, want %v", commands, requests, want)
		}
		if (p.Latency.Redis.P50 > 0) != (want > 0) {
			t.Errorf("half of %v commands took %v", want, p.Latency.Redis.P50)
		}
	}
}

// BenchmarkPoint is what a point costs, and so about what the history takes of each second.
func BenchmarkPoint(b *testing.B) {
	s := newShown(b)
	for _, command := range []string{"SET a 1", "GET a", "INCR a", "DEL a", "PING", "DBSIZE", "EXISTS a", "APPEND a b", "STRLEN a"} {
		s.command(command)
	}
	s.do("GET", "/api/v1/kv/none", "")
	m, err := s.all.Meter(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Next(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
