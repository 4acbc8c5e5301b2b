package cache_test

import (
	"fmt"
	"testing"

	"github.com/mantisdb/mantisdb/cache"
)

func TestDeleteTag(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		set(t, c, "a", "1", "red", "round")
		set(t, c, "b", "2", "red")
		set(t, c, "c", "3", "round", "round") // given twice
		set(t, c, "d", "4")
		set(t, c, "e", "5", "")
		wantDeleted(t, 2)(c.DeleteTag("red"))
		wantAbsent(t, c, "a")
		wantAbsent(t, c, "b")
		wantValue(t, c, "c", "3")
		wantDeleted(t, 0)(c.DeleteTag("red"))
		wantDeleted(t, 1)(c.DeleteTag("round"))
		wantDeleted(t, 1)(c.DeleteTag(""))
		wantValue(t, c, "d", "4")
		if s := stats(t, c); s.Entries != 1 || s.Invalidated != 4 {
			t.Fatalf("wrong figures: %+v", s)
		}
	})
}

// TestTagsAreReplaced: a later value brings its own tags.
func TestTagsAreReplaced(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{})
		set(t, c, "a", "1", "red")
		set(t, c, "a", "2", "blue")
		wantDeleted(t, 0)(c.DeleteTag("red"))
		wantValue(t, c, "a", "2")
		set(t, c, "a", "3")
		wantDeleted(t, 0)(c.DeleteTag("blue"))
		wantValue(t, c, "a", "3")
		set(t, c, "b", "1", "red")
		_, err := c.Delete([]byte("b"))
		ok(t, err)
		set(t, c, "b", "2")
		wantDeleted(t, 0)(c.DeleteTag("red"))
		wantValue(t, c, "b", "2")
	})
}

func TestManyTags(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{Budget: 16 << 20})
		var tags []string
		for i := range cache.MaxTags {
			tags = append(tags, fmt.Sprint("tag ", i))
		}
		set(t, c, "a", "1", tags...)
		set(t, c, "b", "2", string(filler(cache.MaxTagLen, 7)))
		for i := range 1000 {
			set(t, c, fmt.Sprint("many ", i), "x", "many", fmt.Sprint(i))
		}
		wantDeleted(t, 1)(c.DeleteTag(string(filler(cache.MaxTagLen, 7))))
		wantDeleted(t, 1)(c.DeleteTag(tags[cache.MaxTags-1]))
		wantDeleted(t, 1)(c.DeleteTag("17"))
		wantDeleted(t, 999)(c.DeleteTag("many"))
		wantDeleted(t, 0)(c.DeleteTag("18"))
	})
}

func TestDeletePrefix(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		for _, ordered := range []bool{false, true} {
			c := open(t, cache.Options{Ordered: ordered})
			keys := []string{"user/1", "user/2", "user", "user/\xff\xff", "usex", "\xff", "\xff\xff", "\xff\x00"}
			for _, key := range keys {
				set(t, c, key, key)
				set(t, c, key, key) // so that there are replaced ones
			}
			wantDeleted(t, 3)(c.DeletePrefix([]byte("user/")))
			wantAbsent(t, c, "user/\xff\xff")
			wantDeleted(t, 0)(c.DeletePrefix([]byte("user/")))
			set(t, c, "user/3", "3") // after the order was made
			wantDeleted(t, 1)(c.DeletePrefix([]byte("user/")))
			wantDeleted(t, 1)(c.DeletePrefix([]byte("\xff\xff")))
			wantDeleted(t, 2)(c.DeletePrefix([]byte("\xff")))
			wantValue(t, c, "user", "user")
			wantValue(t, c, "usex", "usex")
			wantDeleted(t, 2)(c.DeletePrefix(nil))
			if s := stats(t, c); s.Entries != 0 || s.DataBytes != 0 {
				t.Fatalf("not empty: %+v", s)
			}
		}
	})
}

func TestClear(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opener) {
		c := open(t, cache.Options{Ordered: true})
		for i := range 300 {
			set(t, c, fmt.Sprint(i), "value", "tag")
		}
		wantDeleted(t, 300)(c.Clear())
		wantAbsent(t, c, "17")
		wantDeleted(t, 0)(c.Clear())
		wantDeleted(t, 0)(c.DeleteTag("tag"))
		set(t, c, "17", "again")
		wantValue(t, c, "17", "again")
		if s := stats(t, c); s.Entries != 1 || s.Invalidated != 300 {
			t.Fatalf("wrong figures: %+v", s)
		}
	})
}

func wantDeleted(t testing.TB, want uint64) func(uint64, error) {
	return func(got uint64, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Fatalf("deleted %d, %v, want %d", got, err, want)
		}
	}
}
