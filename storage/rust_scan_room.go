//go:build rust

package storage

import "sync"

const (
	// firstPageLen has room for about fifty small entries. Who leaves a scan early has
	// had at most twice as much read for it as it wanted, or the first page, since each
	// page is pageGrowth times as long as the one before.
	firstPageLen   = 8 << 10
	pageGrowth     = 2
	largestPageLen = 256 << 10
	// likelyEntryLen is what a page is made for an entry if the scan tells how many it
	// wants: it takes that from memory that is kept, and reads no more for it.
	likelyEntryLen = 256
	// entryHeaderLen is the length of a packed entry before its key:
	// key length u32, value length u32, sequence u64, expiry u64.
	entryHeaderLen = 24
)

// scanRoom is the memory that a scan needs while it goes on. It is used for one scan
// after the other, without being cleared.
type scanRoom struct {
	start, end []byte // the bounds of what was not read yet
	buffer     []byte // for a page
	pageLen    int    // of the last page
}

var scanRooms = sync.Pool{New: func() any { return new(scanRoom) }}

// takeScanRoom is room for a scan of a range, which is copied.
func takeScanRoom(r Range) *scanRoom {
	room := scanRooms.Get().(*scanRoom)
	room.start = append(room.start[:0], r.Start...)
	room.end = append(room.end[:0], r.End...)
	room.pageLen = 0
	return room
}

// release gives the room back, but for a buffer that one huge entry has made long. What
// was read into it is not valid any more.
func (s *scanRoom) release() {
	if len(s.buffer) > largestPageLen {
		s.buffer = nil
	}
	scanRooms.Put(s)
}

// nextPage is a buffer for the page after the last one. left is how many entries are to
// come, noLimit if nobody knows.
func (s *scanRoom) nextPage(left int) []byte {
	length := max(firstPageLen, pageGrowth*s.pageLen)
	if left != noLimit {
		length = max(length, likelyEntryLen*min(left, largestPageLen/likelyEntryLen))
	}
	return s.pageOf(min(length, largestPageLen))
}

// pageOf is a buffer of a length.
func (s *scanRoom) pageOf(length int) []byte {
	s.pageLen = length
	if len(s.buffer) < length {
		s.buffer = make([]byte, length)
	}
	return s.buffer[:length]
}
