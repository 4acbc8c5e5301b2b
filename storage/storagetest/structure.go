package storagetest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/mantisdb/mantisdb/storage"
)

// structureTests hold in memory and on disk alike.
var structureTests = []test{
	{"StructureOfMemory", testStructureOfMemory},
}

// diskStructureTests need a directory.
var diskStructureTests = []test{
	{"StructureOfTheDisk", testStructureOfTheDisk},
	{"StructureUnderLoad", testStructureUnderLoad},
}

func structure(t testing.TB, e storage.Engine, mostSegments int) storage.Structure {
	t.Helper()
	s, err := e.Structure(mostSegments)
	ok(t, err)
	wantSound(t, &s, mostSegments)
	return s
}

// wantSound expects what holds of every structure.
func wantSound(t testing.TB, s *storage.Structure, mostSegments int) {
	t.Helper()
	if s.Memtables == nil || s.Log.Files == nil || s.Levels == nil || s.Compactions == nil || s.Cache.Queues == nil {
		t.Errorf("a list is null: %+v", s)
	}
	if len(s.Memtables) == 0 || s.Memtables[0].State != storage.StateActive {
		t.Errorf("memtables: %+v", s.Memtables)
	}
	listed, left := 0, uint64(0)
	for i := range s.Levels {
		level := &s.Levels[i]
		if level.Level != i {
			t.Errorf("level %d is told in place %d", level.Level, i)
		}
		listed += len(level.Segments)
		left += level.SegmentCount - uint64(len(level.Segments))
		wantSoundLevel(t, level)
	}
	if listed > mostSegments || left != s.SegmentsLeftOut || left > 0 && listed < mostSegments {
		t.Errorf("%d segments of at most %d are listed, and %d left out, of which %d are told", listed, mostSegments, left, s.SegmentsLeftOut)
	}
}

func wantSoundLevel(t testing.TB, level *storage.Level) {
	t.Helper()
	sum := uint64(0)
	for i := range level.Segments {
		segment := &level.Segments[i]
		sum += segment.Bytes
		if segment.ID == 0 || segment.Bytes == 0 || bytes.Compare(segment.Smallest, segment.Largest) > 0 || len(segment.Largest) > 64 {
			t.Errorf("level %d: %+v", level.Level, segment)
		}
		if level.Level > 0 && i > 0 && bytes.Compare(level.Segments[i-1].Largest, segment.Smallest) > 0 {
			t.Errorf("level %d is not in order at segment %d", level.Level, segment.ID)
		}
	}
	if all := len(level.Segments) == int(level.SegmentCount); all && sum != level.Bytes || sum > level.Bytes {
		t.Errorf("level %d has %d bytes, and its segments %d", level.Level, level.Bytes, sum)
	}
}

func testStructureOfMemory(t *testing.T, b *bench) {
	e := b.engine(t)
	before := structure(t, e, 10)
	for i := range 1000 {
		put(t, e, fmt.Sprintf("key-%04d", i), string(filler(1000, uint64(i))))
	}
	got := structure(t, e, 10)
	if got.Engine != e.Name() || got.Memtables[0].Bytes <= before.Memtables[0].Bytes {
		t.Errorf("before and after 1000 values of 1000 bytes: %+v %+v", before, got)
	}
	if !b.onDisk && len(got.Log.Files) > 0 {
		t.Errorf("a log in memory: %+v", got.Log)
	}
	ok(t, e.Close())
	_, err := e.Structure(10)
	wantErr(t, "Structure", err, storage.ErrClosed)
}

func testStructureOfTheDisk(t *testing.T, b *bench) {
	e := b.engine(t)
	const n = 3000
	for i := range n {
		_, err := e.Put(fmt.Appendf(nil, "key-%04d", i), filler(1000, uint64(i)), storage.WriteOptions{Durability: storage.DurabilityBuffered})
		ok(t, err)
	}
	ok(t, e.Compact())
	put(t, e, "later", "value")
	got := structure(t, e, 1000)
	segments, entries, first, last := uint64(0), uint64(0), []byte(nil), []byte(nil)
	for _, level := range got.Levels {
		segments, entries = segments+level.SegmentCount, entries+level.Entries
		for _, s := range level.Segments {
			if first == nil || bytes.Compare(s.Smallest, first) < 0 {
				first = s.Smallest
			}
			if bytes.Compare(s.Largest, last) > 0 {
				last = s.Largest
			}
		}
	}
	if told := stats(t, e).Segments; segments != told || segments == 0 || got.SegmentsLeftOut != 0 {
		t.Errorf("%d segments, and %d by the figures; %d left out", segments, told, got.SegmentsLeftOut)
	}
	if !bytes.HasPrefix(first, []byte("key-0000")) && e.Name() != storage.EngineGo || !bytes.HasPrefix(last, []byte("key-2999")) && e.Name() != storage.EngineGo {
		t.Errorf("keys from %q to %q", first, last)
	}
	active := 0
	for _, file := range got.Log.Files {
		if file.State == storage.StateActive {
			active++
		}
		if file.Bytes > file.FileBytes {
			t.Errorf("%+v", file)
		}
	}
	if active != 1 || got.Log.Bytes == 0 {
		t.Errorf("the log: %+v", got.Log)
	}
	one := structure(t, e, 1)
	if one.SegmentsLeftOut != segments-1 || structure(t, e, 0).SegmentsLeftOut != segments {
		t.Errorf("of %d segments, %d are left out for one", segments, one.SegmentsLeftOut)
	}
	for i := range got.Levels {
		if one.Levels[i].Bytes != got.Levels[i].Bytes {
			t.Errorf("level %d has %d bytes, and %d if its segments are not listed", i, got.Levels[i].Bytes, one.Levels[i].Bytes)
		}
	}
}

// testStructureUnderLoad: what is told while segments come and go is sound.
func testStructureUnderLoad(t *testing.T, b *bench) {
	e := b.engine(t)
	done := make(chan error, 1)
	go func() {
		for round := range scaled(40) {
			for i := range 500 {
				if _, err := e.Put(fmt.Appendf(nil, "key-%04d", i*7%500), filler(1000, uint64(round)), storage.WriteOptions{Durability: storage.DurabilityBuffered}); err != nil {
					done <- err
					return
				}
			}
			if err := e.Compact(); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	kinds := map[string]bool{}
	for {
		select {
		case err := <-done:
			ok(t, err)
			if !kinds[storage.KindFlush] && !kinds[storage.KindCompaction] {
				t.Errorf("nothing was seen to run")
			}
			return
		default:
		}
		s := structure(t, e, 1000)
		for _, c := range s.Compactions {
			kinds[c.Kind] = true
			if c.Started.IsZero() || c.ToLevel >= len(s.Levels) || c.FromLevel > c.ToLevel || (c.Kind == storage.KindFlush) != (c.FromLevel == -1) {
				t.Errorf("%+v", c)
			}
		}
	}
}
