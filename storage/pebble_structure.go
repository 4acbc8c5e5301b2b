package storage

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
)

// Structure implements Engine.
func (e *GoStorageEngine) Structure(mostSegments int) (s Structure, err error) {
	if err := e.enter(); err != nil {
		return Structure{}, err
	}
	defer e.leave(&err)
	tables, err := e.db.SSTables()
	if err != nil {
		return Structure{}, translate(err)
	}
	held, err := e.contents()
	if err != nil {
		return Structure{}, err
	}
	m := e.db.Metrics()
	s = Structure{
		Engine:    EngineGo,
		Memtables: []Memtable{{State: StateActive, Bytes: m.MemTable.Size, DirtyBytes: held.memtables.bytes}},
		Log:       Log{Files: []LogFile{}},
		Levels:    make([]Level, 0, len(tables)),
		Cache: BlockCache{
			Queues: []CacheQueue{{Name: "blocks", Entries: uint64(m.BlockCache.Count), Bytes: uint64(m.BlockCache.Size)}},
			Bytes:  uint64(m.BlockCache.Size), LimitBytes: e.cacheLimit,
			Hits: uint64(m.BlockCache.Hits), Misses: uint64(m.BlockCache.Misses),
		},
	}
	var busy map[uint64]bool
	s.Compactions, busy = e.jobs.list()
	for _, job := range s.Compactions {
		if job.Kind == KindFlush {
			s.Memtables = append(s.Memtables, Memtable{State: StateFlushing, Bytes: job.InputBytes, DirtyBytes: job.InputBytes})
		}
	}
	s.addLevels(tables, busy, mostSegments)
	if e.durable {
		s.Log.Bytes = m.WAL.Size
		s.Log.Files, err = e.logFiles(int(m.WAL.Files))
	}
	return s, err
}

// addLevels lists the segments, those of the upper levels first.
func (s *Structure) addLevels(tables [][]pebble.SSTableInfo, busy map[uint64]bool, mostSegments int) {
	for number, of := range tables {
		level := Level{Level: number, SegmentCount: uint64(len(of)), Segments: []Segment{}}
		for i := range of {
			table := &of[i]
			level.Bytes += table.Size
			level.Entries += table.TableStats.NumEntries
			if mostSegments <= 0 {
				s.SegmentsLeftOut++
				continue
			}
			mostSegments--
			level.Segments = append(level.Segments, Segment{
				ID: uint64(table.FileNum), Bytes: table.Size,
				Entries: table.TableStats.NumEntries, Tombstones: table.TableStats.NumDeletions,
				Smallest: keyTold(table.Smallest.UserKey), Largest: keyTold(table.Largest.UserKey),
				Busy: busy[uint64(table.FileNum)],
			})
		}
		if number == 0 {
			slices.Reverse(level.Segments) // Pebble has the oldest first
		}
		s.Levels = append(s.Levels, level)
	}
}

// keyTold is what is told of a key in Pebble: without its space, if that is the user's.
func keyTold(key []byte) []byte {
	if len(key) > 0 && key[0] == userSpace {
		key = key[1:]
	}
	return append([]byte{}, key[:min(len(key), mostKeyTold)]...)
}

// logFiles lists the files of the log, of which the newest are live. Others are kept for
// later.
func (e *GoStorageEngine) logFiles(live int) ([]LogFile, error) {
	names, err := e.disk.List(e.dir)
	if err != nil {
		return nil, ioError(err)
	}
	files := []LogFile{}
	for _, name := range names {
		digits, isLog := strings.CutSuffix(name, ".log")
		number, err := strconv.ParseUint(digits, 10, 64)
		if !isLog || err != nil {
			continue
		}
		info, err := e.disk.Stat(e.disk.PathJoin(e.dir, name))
		if err != nil {
			continue // it was removed meanwhile
		}
		size := uint64(info.Size())
		files = append(files, LogFile{Number: number, State: StateWaiting, Bytes: size, FileBytes: size})
	}
	slices.SortFunc(files, func(a, b LogFile) int { return int(a.Number) - int(b.Number) })
	spare := max(0, len(files)-live)
	for i := range files[:spare] {
		files[i].State, files[i].Bytes = StateSpare, 0
	}
	if len(files) > spare {
		files[len(files)-1].State = StateActive
	}
	return append(slices.Clip(files[spare:]), files[:spare]...), nil
}
