//go:build rust

package storage

/*
#include <mantisdb_core.h>

#cgo noescape mantisdb_structure
#cgo nocallback mantisdb_structure
*/
import "C"

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
	"time"
)

// rustStructure is how the core tells a structure.
type rustStructure struct {
	Memtables []Memtable       `json:"memtables"`
	Log       []LogFile        `json:"log"`
	Levels    []rustLevel      `json:"levels"`
	LeftOut   uint64           `json:"segments_left_out"`
	Running   []rustCompaction `json:"running"`
	Cache     BlockCache       `json:"cache"`
}

type rustLevel struct {
	Level
	Segments []rustSegment `json:"segments"`
}

type rustSegment struct {
	Segment
	Smallest hexBytes `json:"smallest"`
	Largest  hexBytes `json:"largest"`
}

type rustCompaction struct {
	Compaction
	Started int64 `json:"started"` // in Unix milliseconds
}

// hexBytes are bytes as hexadecimal digits.
type hexBytes []byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// Structure implements Engine.
func (e *RustStorageEngine) Structure(mostSegments int) (Structure, error) {
	var text C.MantisdbText
	status := C.mantisdb_structure(e.db, C.uint64_t(max(mostSegments, 0)), &text)
	runtime.KeepAlive(e)
	if status != C.MANTISDB_OK {
		return Structure{}, e.errorOf(status)
	}
	var told rustStructure
	if err := json.Unmarshal(takeText(&text), &told); err != nil {
		return Structure{}, fmt.Errorf("mantisdb: the core told its structure in another form: %w", err)
	}
	return told.structure(e.name), nil
}

func (t *rustStructure) structure(engine string) Structure {
	s := Structure{
		Engine: engine, Memtables: t.Memtables, Log: Log{Files: t.Log}, Levels: make([]Level, 0, len(t.Levels)),
		SegmentsLeftOut: t.LeftOut, Compactions: make([]Compaction, 0, len(t.Running)), Cache: t.Cache,
	}
	for _, file := range t.Log {
		s.Log.Bytes += file.Bytes
	}
	for _, level := range t.Levels {
		level.Level.Segments = make([]Segment, 0, len(level.Segments))
		for _, segment := range level.Segments {
			segment.Segment.Smallest, segment.Segment.Largest = segment.Smallest, segment.Largest
			level.Level.Segments = append(level.Level.Segments, segment.Segment)
		}
		s.Levels = append(s.Levels, level.Level)
	}
	for _, running := range t.Running {
		running.Compaction.Started = time.UnixMilli(running.Started).UTC()
		s.Compactions = append(s.Compactions, running.Compaction)
	}
	return s
}
