package replica

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/mantisdb/mantisdb/storage"
)

// marks are records of the past, by index: behind each of them the versions of the log's entries can be
// counted. What a mark tells of the log is agreed upon, so it holds for ever, on all replicas, and whatever
// else of a replica a crash takes back.
type marks []record

// Bounds of marks: they are markEvery entries apart, or more, but for the first of each term. So who looks
// for a version reads as many entries too much at most, and those in mostMarks reach farther back than any
// log does.
const (
	markEvery = 128
	mostMarks = 2048
)

// add adds a record behind the others, if it is far enough from the last one, or of a later term.
func (m *marks) add(one record) {
	if n := len(*m); n > 0 {
		last := (*m)[n-1]
		if one.index <= last.index || one.term == last.term && one.index < last.index+markEvery {
			return
		}
		if n >= mostMarks {
			*m = append((*m)[:0], (*m)[n-mostMarks/2:]...)
		}
	}
	*m = append(*m, one)
}

// before returns the last mark behind which a version is to be found. If it is to be found before all of
// them, it returns the first one.
func (m marks) before(version uint64) (at record, found bool) {
	i, _ := slices.BinarySearchFunc(m, version, func(mark record, version uint64) int {
		if mark.version() < version {
			return -1
		}
		return 1
	})
	if i == 0 {
		return m[0], false
	}
	return m[i-1], true
}

// upTo are those up to an index.
func (m marks) upTo(index uint64) marks {
	end := len(m)
	for end > 0 && m[end-1].index > index {
		end--
	}
	return m[:end]
}

// marksFormat is the first byte of a file of marks, which is
//
//	format u8 | a record, for each mark | CRC-32C u32, little-endian, of what is before
const marksFormat = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (m marks) append(dst []byte) []byte {
	begin := len(dst)
	dst = append(dst, marksFormat)
	for _, one := range m {
		dst = one.append(dst)
	}
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[begin:], castagnoli))
}

func parseMarks(b []byte) (m marks, err error) {
	if len(b) == 0 || b[0] != marksFormat {
		return nil, fmt.Errorf("%w: a file of marks does not begin with the format %d", storage.ErrWrongFormat, marksFormat)
	}
	end := len(b) - 4
	if end < 1 || binary.LittleEndian.Uint32(b[end:]) != crc32.Checksum(b[:end], castagnoli) || (end-1)%recordLen != 0 {
		return nil, fmt.Errorf("%w: a file of marks has a wrong checksum, or a part of a mark", storage.ErrCorrupt)
	}
	for one := range slices.Chunk(b[1:end], recordLen) {
		mark, err := parseRecord(one)
		if err != nil {
			return nil, err
		}
		if n := len(m); n > 0 && mark.index <= m[n-1].index {
			return nil, fmt.Errorf("%w: a file of marks has %d behind %d", storage.ErrCorrupt, mark.index, m[n-1].index)
		}
		m = append(m, mark)
	}
	return m, nil
}

// marksFile keeps a replica's marks. If it can be written, it is on disk before the engine is synced, and so before
// anything is cut off the log up to there: what comes behind the last mark in the file, the log has from there on.
// If not, the past behind it cannot be had once the replica is opened anew.
type marksFile struct {
	dir string

	mu    sync.Mutex
	saved record // the last one in the file
	any   bool   // whether it has one
}

const marksName = "marks"

// load reads the marks; there are none if there is no file, or none that can be read: they say only how
// far back the past can be had.
func (f *marksFile) load(logger *slog.Logger) marks {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := os.ReadFile(filepath.Join(f.dir, marksName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var m marks
	if err == nil {
		m, err = parseMarks(b)
	}
	if err != nil {
		logger.Warn("a replica does not know the versions in its log from before it is opened", "dir", f.dir, "error", err.Error())
		return nil
	}
	f.note(m)
	return m
}

// save replaces what the file has, if there are others: by all of them, whatever comes between. It asks
// for them when nobody else saves, so that none come back that are older.
func (f *marksFile) save(all func() marks) (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := all()
	if len(m) == 0 || f.any && f.saved == m[len(m)-1] {
		return nil
	}
	file, err := os.CreateTemp(f.dir, unfinishedMarks)
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // of which nothing is left if it was renamed
	_, err = file.Write(m.append(nil))
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), filepath.Join(f.dir, marksName)); err != nil {
		return err
	}
	if err := syncDir(f.dir); err != nil {
		return err
	}
	f.note(m)
	return nil
}

// note notes what the file has. It is called with mu.
func (f *marksFile) note(m marks) {
	if f.any = len(m) > 0; f.any {
		f.saved = m[len(m)-1]
	}
}
