package figures

import (
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// viewOf is a view of a server of which nothing is to be said, but what change adds.
func viewOf(change func(*view)) *view {
	now := began.Add(time.Hour)
	v := &view{Snapshot: &Snapshot{}, dir: "data", machine: 1000}
	v.Engine, v.Durability, v.MemoryLimit, v.MemoryBytes = mantisdb.EngineGo, mantisdb.DurabilitySync, 1000, 1040
	v.Disk = Disk{Free: 101, Total: 1000}
	v.Server.Now, v.Redis.Clients.Most, v.Redis.Clients.Connected = now, 100, 89
	v.Process.Memory.Resident = 899
	v.moment = difference{&sample{}, &sample{}, 10 * time.Second}
	v.minute = difference{&sample{}, &sample{}, time.Minute}
	change(v)
	return v
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		id     string // none: there is nothing to warn of
		level  Level
		text   string
		change func(*view)
	}{
		{"", "", "", func(*view) {}},
		{"writes-failed", Critical, "nothing is written any more", func(v *view) { v.WritesFailed = true }},
		{"disk-full", Caution, "the disk is 91 % full", func(v *view) { v.Disk.Free = 89 }},
		{"disk-full", Critical, "the disk is 99 % full", func(v *view) { v.Disk.Free = 10 }},
		{"", "", "", func(v *view) { v.Disk = Disk{} }},
		{"machine-memory", Caution, "takes 93 % of the memory", func(v *view) { v.Process.Memory.Resident = 930 }},
		{"machine-memory", Critical, "takes 96 % of the memory", func(v *view) { v.Process.Memory.Resident = 960 }},
		{"", "", "", func(v *view) { v.machine = 0 }},
		{"memory-over-limit", Caution, "takes 120 % of its memory limit", func(v *view) { v.MemoryBytes = 1200 }},
		{"", "", "", func(v *view) { v.MemoryLimit, v.MemoryBytes = 0, 1<<40 }},
		{"", "", "", func(v *view) { v.moment.now.counts[stallNanos] = 19e8 }},
		{"writers-stalled", Caution, "held up for 2.5 s in the last 10 s", func(v *view) { v.moment.now.counts[stallNanos] = 25e8 }},
		{"writers-stalled", Critical, "held up for 80.0 s in the last 10 s", func(v *view) { v.moment.now.counts[stallNanos] = 80e9 }},
		{"background-errors", Caution, "1 flush, compaction or the like failed", func(v *view) { v.minute.now.counts[backgroundErrors] = 1 }},
		{"background-errors", Caution, "3 flushes, compactions or the like failed", func(v *view) { v.minute.now.counts[backgroundErrors] = 3 }},
		{"", "", "", func(v *view) { v.moment.now.counts[syncs], v.moment.now.counts[syncNanos] = 2, 10e9 }},
		{"", "", "", func(v *view) { v.moment.now.counts[syncs], v.moment.now.counts[syncNanos] = 1000, 50e9 }},
		{"sync-slow", Caution, "takes 250ms on average", func(v *view) { v.moment.now.counts[syncs], v.moment.now.counts[syncNanos] = 4, 1e9 }},
		{"sync-slow", Critical, "takes 2s on average", func(v *view) { v.moment.now.counts[syncs], v.moment.now.counts[syncNanos] = 4, 8e9 }},
		{"", "", "", func(v *view) { v.snapshotAge = 29 * time.Minute }},
		{"snapshot-open", Caution, "open for 31 min,", func(v *view) { v.snapshotAge = 31 * time.Minute }},
		{"snapshot-open", Caution, "open for 2 h,", func(v *view) { v.snapshotAge = 150 * time.Minute }},
		{"snapshots-leaked", Caution, "1 snapshot was dropped", func(v *view) { v.LeakedSnapshots = 1 }},
		{"clients-refused", Caution, "2 connections were refused within a minute, since 100", func(v *view) { v.minute.now.counts[refusedClients] = 2 }},
		{"clients-many", Caution, "90 clients are connected, and 100", func(v *view) { v.Redis.Clients.Connected = 90 }},
		{"save-failed", Caution, "the last save", func(v *view) { v.Redis.Saves.Failed = true }},
		{"durability", Info, "in memory", func(v *view) { v.dir = "" }},
		{"", "", "", func(v *view) { v.dir, v.Engine = "", mantisdb.EngineCache }},
		{"durability", Info, "about a second", func(v *view) { v.Durability = mantisdb.DurabilityBuffered }},
		{"durability", Info, "before they are logged", func(v *view) { v.Durability = mantisdb.DurabilityMemory }},
	} {
		v := viewOf(c.change)
		found := findWarnings(v)
		if c.id == "" {
			if len(found) > 0 {
				t.Errorf("nothing is to be said, and %+v is", found)
			}
			continue
		}
		if len(found) != 1 || found[0].ID != c.id || found[0].Level != c.level || !strings.Contains(found[0].Text, c.text) || found[0].Since != v.Server.Now {
			t.Errorf("got %+v, want %s (%s): %s", found, c.id, c.level, c.text)
		}
	}
}

// TestWarningsGoOnSinceTheyBegan, whatever their text becomes.
func TestWarningsGoOnSinceTheyBegan(t *testing.T) {
	w := newWarnings()
	at := func(minute int) time.Time { return began.Add(time.Duration(minute) * time.Minute) }
	full := func(minute int, text string) Warning { return Warning{"disk-full", Caution, text, at(minute)} }
	_, changed := w.get()
	isClosed := func() bool {
		select {
		case <-changed:
			return true
		default:
			return false
		}
	}
	w.set([]Warning{})
	if isClosed() {
		t.Error("no warnings are told as others than none")
	}
	for _, c := range []struct {
		minute int
		text   string
		since  int
		change bool
	}{{1, "90", 1, true}, {2, "90", 1, false}, {3, "91", 1, true}, {4, "", 0, true}, {5, "91", 5, true}} {
		found := []Warning{}
		if c.text != "" {
			found = append(found, full(c.minute, c.text))
		}
		w.set(found)
		if isClosed() != c.change {
			t.Errorf("minute %d: changed: %v", c.minute, !c.change)
		}
		var now []Warning
		now, changed = w.get()
		if c.text == "" {
			if len(now) != 0 {
				t.Errorf("minute %d: %+v", c.minute, now)
			}
		} else if len(now) != 1 || now[0] != full(c.since, c.text) {
			t.Errorf("minute %d: %+v", c.minute, now)
		}
	}
}

// TestASnapshotIsOldByWhatItHoldsBack: one of the newest state may stay for ever.
func TestASnapshotIsOldByWhatItHoldsBack(t *testing.T) {
	h, m := historyOf(0), &watchman{dir: "data"}
	ageAt := func(minute int, oldest, last uint64) bool {
		f := &Snapshot{}
		f.Server.Now, f.OldestSnapshot, f.LastVersion = began.Add(time.Duration(minute)*time.Minute), oldest, last
		for _, w := range m.look(f, &h.rings[0]) {
			if w.ID == "snapshot-open" {
				return true
			}
		}
		return false
	}
	for _, c := range []struct {
		minute       int
		oldest, last uint64
		old          bool
	}{
		{0, 7, 7, false}, {100, 7, 7, false}, {101, 7, 8, false}, {130, 7, 9, false}, {131, 7, 10, true},
		{132, 9, 10, false}, {161, 9, 11, false}, {162, 9, 11, true}, {163, 0, 11, false}, {300, 11, 12, false},
	} {
		if got := ageAt(c.minute, c.oldest, c.last); got != c.old {
			t.Errorf("minute %d: a snapshot of %d beside %d is old: %v", c.minute, c.oldest, c.last, got)
		}
	}
}
