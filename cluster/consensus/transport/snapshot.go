package transport

import (
	"io"
	"net"
	"time"

	"github.com/lni/dragonboat/v4/raftpb"
)

// farewellWithin is how long the last of a snapshot may take to be taken.
const farewellWithin = 10 * time.Second

// snapshotLink sends one snapshot. It implements raftio.ISnapshotConnection.
type snapshotLink struct {
	conn      net.Conn
	encrypted bool
	frame     []byte
}

// SendChunk implements raftio.ISnapshotConnection.
func (l *snapshotLink) SendChunk(chunk raftpb.Chunk) (err error) {
	if l.frame, err = appendFrame(l.frame[:0], chunkFrame, &chunk, l.encrypted); err != nil {
		return err
	}
	l.conn.SetWriteDeadline(time.Now().Add(snapshotSilence))
	_, err = l.conn.Write(l.frame)
	return err
}

// Close implements raftio.ISnapshotConnection. It waits until all chunks were taken, as closing a
// connection may take back what was sent.
func (l *snapshotLink) Close() {
	defer l.conn.Close()
	l.conn.SetDeadline(time.Now().Add(farewellWithin))
	if _, err := l.conn.Write(farewell[:]); err != nil {
		return
	}
	io.ReadFull(l.conn, make([]byte, len(farewell)))
}
