package cache_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/cache"
)

// upper loads the upper case of keys, and nothing for those that begin with "no". It
// notes what was asked for.
func upper(asked *[]string) cache.BulkLoader {
	return func(_ context.Context, keys [][]byte) ([]cache.Loaded, error) {
		var loaded []cache.Loaded
		for _, key := range keys {
			*asked = append(*asked, string(key))
			loaded = append(loaded, cache.Loaded{
				Found: !strings.HasPrefix(string(key), "no"),
				Value: []byte(strings.ToUpper(string(key))),
			})
		}
		return loaded, nil
	}
}

func keysOf(names ...string) [][]byte {
	keys := make([][]byte, len(names))
	for i, name := range names {
		keys[i] = []byte(name)
	}
	return keys
}

// wantMany compares what was read; "-" is nothing.
func wantMany(t testing.TB, out *cache.Values, values ...string) {
	t.Helper()
	if out.Len() != len(values) {
		t.Fatalf("%d results, want %d", out.Len(), len(values))
	}
	for i, want := range values {
		if got, found := out.At(i); found != (want != "-") || found && string(got) != want {
			t.Fatalf("result %d is %q, %v, want %q", i, got, found, want)
		}
	}
}

func TestGetOrLoadMany(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		set(t, c, "b", "there")
		var out cache.Values
		var asked []string
		keys := keysOf("a", "b", "none", "c", "a", "d")
		ok(t, c.GetOrLoadMany(t.Context(), &out, keys, upper(&asked)))
		wantMany(t, &out, "A", "there", "-", "C", "A", "D")
		if !slices.Equal(asked, []string{"a", "none", "c", "d"}) {
			t.Fatalf("%q were loaded", asked)
		}
		wantValue(t, c, "c", "C")
		wantAbsent(t, c, "none")
		asked = nil
		ok(t, c.GetOrLoadMany(t.Context(), &out, keysOf("a", "b", "c"), upper(&asked)))
		wantMany(t, &out, "A", "there", "C")
		if asked != nil {
			t.Fatalf("%q were loaded, but are there", asked)
		}
	})
}

// TestGetOrLoadManyJoins: it waits for the loads of others, and they for its own.
func TestGetOrLoadManyJoins(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		g := newGate()
		single := loading(c, "single", g.load)
		<-g.began
		began, pass := make(chan struct{}), make(chan struct{})
		var asked []string
		many := make(chan error)
		var out cache.Values
		go func() {
			many <- c.GetOrLoadMany(context.Background(), &out, keysOf("a", "single", "b"), func(ctx context.Context, keys [][]byte) ([]cache.Loaded, error) {
				close(began)
				<-pass
				return upper(&asked)(ctx, keys)
			})
		}()
		<-began
		joined := loading(c, "b", mustNotLoad(t))
		set(t, c, "a", "new") // overtakes the load
		g.pass <- "1"
		close(pass)
		ok(t, <-many)
		wantMany(t, &out, "A", "1", "B")
		want(t, "the single load", <-single, "1")
		want(t, "who joined", <-joined, "B")
		wantValue(t, c, "a", "new")
		if !slices.Equal(asked, []string{"a", "b"}) {
			t.Fatalf("%q were loaded", asked)
		}
	})
}

func TestGetOrLoadManyErrors(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		broken := errors.New("broken")
		var out cache.Values
		set(t, c, "a", "1")
		err := c.GetOrLoadMany(t.Context(), &out, keysOf("a", "b"), func(context.Context, [][]byte) ([]cache.Loaded, error) {
			return nil, broken
		})
		wantErr(t, "an error", err, broken)
		if out.Len() != 0 {
			t.Fatalf("%d results beside an error", out.Len())
		}
		err = c.GetOrLoadMany(t.Context(), &out, keysOf("b", "c"), func(context.Context, [][]byte) ([]cache.Loaded, error) {
			return make([]cache.Loaded, 1), nil
		})
		if err == nil {
			t.Fatal("a load of two keys with one result succeeded")
		}
		func() {
			defer func() {
				if p, is := recover().(*cache.LoadPanic); !is || !errors.Is(p, broken) {
					t.Errorf("panicked with %v", p)
				}
			}()
			_ = c.GetOrLoadMany(t.Context(), &out, keysOf("b"), func(context.Context, [][]byte) ([]cache.Loaded, error) { panic(broken) })
		}()
		var asked []string
		ok(t, c.GetOrLoadMany(t.Context(), &out, keysOf("b"), upper(&asked)))
		wantMany(t, &out, "B")
	})
}
