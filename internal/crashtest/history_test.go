package crashtest

import (
	"maps"
	"testing"
)

// TestReconcile: the harness must see what it is there to see.
func TestReconcile(t *testing.T) {
	h := &history{client: 3, expected: make(contents)}
	for range 300 {
		h.acknowledge()
	}
	// The next write is a batch, so that there is something to tear.
	for len(writeOf(3, h.acknowledged+1).keys) == 1 {
		h.acknowledge()
	}
	before := maps.Clone(h.expected)
	next := writeOf(3, h.acknowledged+1)
	found := func(change func(contents)) contents {
		c := maps.Clone(before)
		change(c)
		return c
	}
	var aRing string
	for key := range before {
		if len(key) == len("c03/ring-00") && key[4] == 'r' {
			aRing = key
		}
	}
	for what, c := range map[string]struct {
		found contents
		good  bool
	}{
		"as acknowledged":       {before, true},
		"with the write on way": {found(func(c contents) { c.apply(next) }), true},
		"a key lost":            {found(func(c contents) { delete(c, aRing) }), false},
		"an older value":        {found(func(c contents) { c[aRing]-- }), false},
		"half of a batch":       {found(func(c contents) { c[next.keys[1]] = next.n }), false},
		"a key too many":        {found(func(c contents) { c["c03/more"] = 1 }), false},
		"nothing":               {contents{}, false},
	} {
		again := &history{client: h.client, acknowledged: h.acknowledged, expected: maps.Clone(before)}
		if err := again.reconcile(c.found); (err == nil) != c.good {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := reconcileAll(newHistories(), contents{"c99/x": 1}); err == nil {
		t.Error("a key that nobody wrote was found to be good")
	}
}

// TestCountOf: a torn value is seen, wherever it is torn.
func TestCountOf(t *testing.T) {
	w := writeOf(1, 2)
	value := w.value(w.keys[0])
	if n, err := countOf(w.keys[0], value); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	if _, err := countOf("another", value); err == nil {
		t.Error("the value of another key is good")
	}
	for i := range value {
		if _, err := countOf(w.keys[0], value[:i]); err == nil {
			t.Errorf("the first %d bytes are good", i)
		}
		damaged := append([]byte(nil), value...)
		damaged[i] ^= 1
		if _, err := countOf(w.keys[0], damaged); err == nil {
			t.Errorf("a damaged byte %d is good", i)
		}
	}
}
