package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/lni/dragonboat/v4/raftpb"
)

// maxIncoming is how many connections are served at a time. Dragonboat opens four from each node,
// and one for each snapshot on its way.
const maxIncoming = 4096

// idleWithin is how long a connection may bring nothing. Dragonboat closes those for messages that
// it has nothing to send over for a minute, but a snapshot may pause.
const idleWithin = 5 * time.Minute

// accept serves who connects, until the listener is closed.
func (t *transport) accept() {
	for {
		conn, err := t.listener.Accept()
		switch {
		case err == nil:
			t.work.Go(func() { t.serve(conn) })
		case t.stop.Err() != nil:
			return
		default: // files have run out, say
			t.limited.Warn("another node cannot connect", "error", err.Error())
			if !t.pause(redialAfter) {
				return
			}
		}
	}
}

// admit notes a connection that came in, if there is a place for it and the transport is not closed.
func (t *transport) admit(conn net.Conn) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.stop.Err(); err != nil {
		return err
	}
	if open := len(t.incoming); open >= t.places {
		return fmt.Errorf("%w: %d connections are open", errRefused, open)
	}
	t.incoming[conn] = struct{}{}
	return nil
}

// serve takes what another host sends.
func (t *transport) serve(conn net.Conn) {
	defer conn.Close()
	err := t.admit(conn)
	if err == nil {
		err = t.receive(conn)
		t.mu.Lock()
		delete(t.incoming, conn)
		t.mu.Unlock()
	}
	if (errors.Is(err, errRefused) || errors.Is(err, errMalformed)) && t.stop.Err() == nil {
		t.limited.Warn("a connection of another node is closed", "from", conn.RemoteAddr().String(), "error", err.Error())
	}
}

// receive hands on what comes, until that ends or is none of what a node sends.
func (t *transport) receive(raw net.Conn) error {
	conn, source, err := t.welcome(raw)
	if err != nil {
		return err
	}
	// With TLS the other side, which may wait for it, is told of the end.
	defer conn.Close()
	frames := newFrameReader(idleReader{conn})
	for {
		k, payload, err := frames.next()
		if err != nil {
			return err
		}
		if err := t.take(k, payload, source); err != nil {
			return err
		}
	}
}

// idleReader fails if nothing comes for long.
type idleReader struct{ conn net.Conn }

func (r idleReader) Read(p []byte) (int, error) {
	if err := r.conn.SetReadDeadline(time.Now().Add(idleWithin)); err != nil {
		return 0, err
	}
	return r.conn.Read(p)
}

// welcome has the other side say at which address it is found, and answers if it may be.
func (t *transport) welcome(conn net.Conn) (_ net.Conn, source string, err error) {
	ctx, cancel := context.WithTimeout(t.stop, greetWithin)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if t.tls != nil {
		secure := tls.Server(conn, t.tls)
		if err := secure.HandshakeContext(ctx); errors.Is(err, io.EOF) {
			return nil, "", err // it has only looked whether somebody listens
		} else if err != nil {
			return nil, "", fmt.Errorf("%w: %w", errRefused, err)
		}
		conn = secure
	}
	g, err := readGreeting(conn)
	if err != nil {
		return nil, "", err
	}
	if g.deployment != t.self.deployment {
		return nil, "", t.otherCluster(g.source)
	}
	if secure, ok := conn.(*tls.Conn); ok {
		if err := mayBe(secure.ConnectionState(), g.source); err != nil {
			return nil, "", err
		}
	}
	_, err = io.WriteString(conn, answer)
	return conn, g.source, err
}

// take hands on what a frame carries.
func (t *transport) take(k kind, payload []byte, source string) error {
	if err := k.checkForm(payload); err != nil {
		return err
	}
	if k == chunkFrame {
		return t.takeChunk(payload)
	}
	var batch raftpb.MessageBatch
	if err := batch.Unmarshal(payload); err != nil {
		return fmt.Errorf("%w: a batch: %w", errMalformed, err)
	}
	if err := t.checkBatch(&batch, source); err != nil {
		return err
	}
	return t.hand(batch)
}

// hand hands a batch on. Dragonboat panics, before it has taken anything of it, if a replica is said to
// be at an address other than that at which it knows it.
func (t *transport) hand(batch raftpb.MessageBatch) (err error) {
	defer func() {
		if why := recover(); why != nil {
			err = fmt.Errorf("%w: a batch from %s: %v", errRefused, batch.SourceAddress, why)
		}
	}()
	t.messages(batch)
	return nil
}

func (t *transport) takeChunk(payload []byte) error {
	var chunk raftpb.Chunk
	if err := chunk.Unmarshal(payload); err != nil {
		return fmt.Errorf("%w: a chunk: %w", errMalformed, err)
	}
	if err := t.checkChunk(&chunk); err != nil {
		return err
	}
	return t.keep(chunk)
}

// keep has a part of a snapshot be kept. One that cannot be, as the disk has no room for it, say,
// makes Dragonboat panic, which has removed all of that snapshot before: it is refused instead, and
// the other side sends it again by and by.
func (t *transport) keep(chunk raftpb.Chunk) (err error) {
	defer func() {
		if why := recover(); why != nil {
			err = fmt.Errorf("the snapshot of a replica cannot be kept: %v", why)
			t.logger.Error("a snapshot from another node is refused", "group", chunk.ShardID, "error", fmt.Sprint(why))
		}
	}()
	if !t.chunks(chunk) {
		return errors.New("the snapshot is not wanted")
	}
	return nil
}
