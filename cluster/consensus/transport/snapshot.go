package transport

import (
	"io"
	"net"
	"time"

	"github.com/lni/dragonboat/v4/raftpb"
)

// partingWithin is how long the end of a snapshot's connection waits for the other side to have
// taken all chunks.
const partingWithin = 10 * time.Second

// snapshotLink sends one snapshot. It implements raftio.ISnapshotConnection.
type snapshotLink struct {
	conn   net.Conn
	writer frameWriter
}

// SendChunk implements raftio.ISnapshotConnection.
func (l *snapshotLink) SendChunk(chunk raftpb.Chunk) error {
	frame, err := l.writer.frame(chunkFrame, chunk.Size(), chunk.MarshalTo)
	if err != nil {
		return err
	}
	return write(l.conn, frame, snapshotSilence)
}

// Close implements raftio.ISnapshotConnection. It ends the stream, and waits until the other side,
// which has taken all that was sent then, closes the connection: closed before, the system would
// throw away what is still on its way if anything had come back meanwhile.
func (l *snapshotLink) Close() {
	defer l.conn.Close()
	half := l.conn.(interface{ CloseWrite() error }) // as those of TCP and of TLS
	if half.CloseWrite() != nil || l.conn.SetReadDeadline(time.Now().Add(partingWithin)) != nil {
		return
	}
	var nothing [1]byte
	_, _ = io.ReadFull(l.conn, nothing[:])
}
