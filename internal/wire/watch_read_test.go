package wire

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb"
)

// TestWatchReader: what is written as a change is read as that.
func TestWatchReader(t *testing.T) {
	for _, keysOnly := range []bool{false, true} {
		changes := []mantisdb.Change{
			{Kind: mantisdb.ChangePut, Key: []byte("k"), Value: []byte("v\n\x00"), ExpiresAt: 7, Version: 3},
			{Kind: mantisdb.ChangePut, Key: []byte{0xff}, Value: []byte{}, Version: 4},
			{Kind: mantisdb.ChangeDelete, Key: []byte("k"), Version: 5},
			{Kind: mantisdb.ChangeDeleteRange, Key: []byte("a"), End: []byte("b"), Version: 6},
			{Kind: mantisdb.ChangeDeleteRange, Version: 7},
		}
		stream := "id: 2\n\n: nothing new\n\n"
		for _, c := range changes {
			stream += "id: x\nevent: " + ChangeNames[c.Kind] + "\ndata: " + string(AppendChange(nil, Base64, c, keysOnly)) + "\n\n"
		}
		stream += "event: error\ndata: {\"title\":\"Changes are gone\",\"status\":410}\n\n"
		alive := 0
		w := NewWatchReader(strings.NewReader(stream), keysOnly, func() { alive++ })
		if at, err := w.Begin(); at != "2" || err != nil {
			t.Fatalf("began at %q, %v", at, err)
		}
		for _, want := range changes {
			if keysOnly {
				want.Value = nil
			}
			got, err := w.Next()
			if err != nil || got.Kind != want.Kind || string(got.Key) != string(want.Key) || string(got.Value) != string(want.Value) ||
				string(got.End) != string(want.End) || got.Version != want.Version || got.ExpiresAt != want.ExpiresAt {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		}
		var problem *Problem
		if _, err := w.Next(); !errors.As(err, &problem) || !reflect.DeepEqual(problem, &Problem{Title: "Changes are gone", Status: 410}) {
			t.Errorf("got %v, want the problem", err)
		}
		if _, err := w.Next(); !errors.As(err, new(*BrokenWatch)) {
			t.Errorf("behind the end: %v", err)
		}
		if want := strings.Count(stream, "\n"); alive != want {
			t.Errorf("%d signs of life, want %d", alive, want)
		}
	}
}

// TestWatchReaderRefusals: what is no change is an error, and is not taken for one.
func TestWatchReaderRefusals(t *testing.T) {
	for _, stream := range []string{
		"event: put\ndata: {\"key\":\"aw==\",\"value\":\"\"}\n\n",                              // no version
		"event: put\ndata: {\"key\":\"aw==\",\"version\":3}\n\n",                               // no value
		"event: delete\ndata: {\"key\":\"aw==\",\"value\":\"\",\"version\":3}\n\n",             // a value
		"event: delete\ndata: {\"all\":true,\"version\":3}\n\n",                                // a range
		"event: delete-range\ndata: {\"key\":\"aw==\",\"version\":3}\n\n",                      // no range
		"event: delete-range\ndata: {\"key\":\"aw==\",\"all\":true,\"version\":3}\n\n",         // both
		"event: put\ndata: {\"op\":\"put\",\"key\":\"aw==\",\"value\":\"\",\"version\":3}\n\n", // an operation
		"event: put\ndata: {}{}\n\n",
		"event: put\n\n",
		"event: other\ndata: {}\n\n",
		"event: error\ndata: x\n\n",
		"data\n\n",
		"retry: 5\n\n",
	} {
		w := NewWatchReader(strings.NewReader(stream), false, func() {})
		if c, err := w.Next(); err == nil || errors.As(err, new(*BrokenWatch)) || errors.As(err, new(*Problem)) {
			t.Errorf("%q: %+v, %v", stream, c, err)
		}
	}
	for _, stream := range []string{"", "id: 3\n", "event: put\ndata: {\"key\":\"aw==\",\"value\":\"\",\"version\":3}\n"} {
		w := NewWatchReader(strings.NewReader(stream), false, func() {})
		if c, err := w.Next(); !errors.As(err, new(*BrokenWatch)) {
			t.Errorf("%q: %+v, %v", stream, c, err)
		}
	}
	w := NewWatchReader(strings.NewReader("event: put\ndata: {}\n\n"), false, func() {})
	if at, err := w.Begin(); err == nil {
		t.Errorf("began at %q", at)
	}
}

// TestWatchReaderOfLargeChanges: a large change is a sign of life while it comes, and its room is given
// up behind it.
func TestWatchReaderOfLargeChanges(t *testing.T) {
	event := func(length int) string {
		c := mantisdb.Change{Kind: mantisdb.ChangePut, Key: []byte("k"), Value: make([]byte, length), Version: 3}
		return "event: put\ndata: " + string(AppendChange(nil, Base64, c, false)) + "\n\n"
	}
	const large = 4 << 20
	alive := 0
	w := NewWatchReader(strings.NewReader(event(large)+event(1)), false, func() { alive++ })
	if c, err := w.Next(); err != nil || len(c.Value) != large {
		t.Fatalf("%d bytes, %v", len(c.Value), err)
	}
	if alive < 10 {
		t.Errorf("%d signs of life of a large change", alive)
	}
	if c, err := w.Next(); err != nil || len(c.Value) != 1 {
		t.Fatalf("%d bytes, %v", len(c.Value), err)
	}
	if room := cap(w.long) + cap(w.data) + cap(w.decoder.value); room > keptRoom {
		t.Errorf("%d bytes of room are kept", room)
	}
}

// TestWatchReaderOfEndlessEvents: what no server sends takes no more memory than what one may.
func TestWatchReaderOfEndlessEvents(t *testing.T) {
	for _, piece := range []string{"data: " + strings.Repeat("x", 100) + "\n", "data: "} {
		w := NewWatchReader(&endless{text: piece}, false, func() {})
		w.longest = 1 << 20
		if _, err := w.Next(); !errors.Is(err, errLongEvent) {
			t.Errorf("%.10q: %v", piece, err)
		}
	}
}

// endless repeats a text.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[e.at%len(e.text)]
		e.at++
	}
	return len(p), nil
}
