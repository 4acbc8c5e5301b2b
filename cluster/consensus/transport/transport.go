package transport

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"

	"github.com/lni/dragonboat/v4/config"
	"github.com/lni/dragonboat/v4/raftio"
	"github.com/lni/dragonboat/v4/raftpb"
)

// Factory makes the transport of a host. It implements config.TransportFactory.
type Factory struct {
	// Gone is told that nobody listens at the address of another host any more. What it gives to
	// deliver, then or later, is taken as if it had come from there. It must not wait.
	Gone   func(address string, deliver func(raftpb.Message))
	Logger *slog.Logger
}

// Validate implements config.TransportFactory.
func (Factory) Validate(address string) bool {
	_, _, err := net.SplitHostPort(address)
	return err == nil
}

// Create implements config.TransportFactory.
func (f Factory) Create(c config.NodeHostConfig, messages raftio.MessageHandler, chunks raftio.ChunkHandler) raftio.ITransport {
	t := &transport{
		config: c, messages: messages, chunks: chunks, logger: f.Logger,
		incoming: make(map[net.Conn]struct{}), peers: make(map[string]*peer),
	}
	t.gone = func(address string) { f.Gone(address, t.deliver) }
	t.stop, t.end = context.WithCancel(context.Background())
	return t
}

// transport is that of one host.
type transport struct {
	config   config.NodeHostConfig
	messages raftio.MessageHandler
	chunks   raftio.ChunkHandler
	gone     func(address string)
	logger   *slog.Logger

	stop     context.Context
	end      context.CancelFunc
	work     sync.WaitGroup
	listener net.Listener

	mu       sync.Mutex // of what follows
	incoming map[net.Conn]struct{}
	peers    map[string]*peer // by their addresses
}

// Name implements raftio.ITransport.
func (t *transport) Name() string { return "mantisdb" }

func (t *transport) encrypted() bool { return t.config.MutualTLS }

// Start implements raftio.ITransport.
func (t *transport) Start() error {
	config, err := t.config.GetServerTLSConfig()
	if err != nil {
		return err
	}
	if t.listener, err = net.Listen("tcp", t.config.GetListenAddress()); err != nil {
		return err
	}
	if config != nil {
		t.listener = tls.NewListener(t.listener, config)
	}
	t.work.Go(t.accept)
	return nil
}

// Close implements raftio.ITransport. Connections that were given out are closed by who has them.
func (t *transport) Close() error {
	t.end()
	var err error
	if t.listener != nil {
		err = t.listener.Close()
	}
	t.mu.Lock()
	for conn := range t.incoming {
		conn.Close()
	}
	t.mu.Unlock()
	t.work.Wait()
	return err
}

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
			t.logger.Warn("another node cannot connect", "error", err.Error())
			if !t.pause(redialAfter) {
				return
			}
		}
	}
}

// admit notes a connection that came in, unless the transport is closed.
func (t *transport) admit(conn net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop.Err() != nil {
		return false
	}
	t.incoming[conn] = struct{}{}
	return true
}

// serve takes what another host sends.
func (t *transport) serve(conn net.Conn) {
	defer conn.Close()
	if !t.admit(conn) {
		return
	}
	err := t.receive(conn)
	t.mu.Lock()
	delete(t.incoming, conn)
	t.mu.Unlock()
	if errors.Is(err, errMalformed) {
		t.logger.Warn("a connection of another node is closed", "from", conn.RemoteAddr().String(), "error", err.Error())
	}
}

// receive hands on what comes, until that ends or makes no sense.
func (t *transport) receive(conn net.Conn) error {
	var content bytes.Buffer
	buffered := bufio.NewReaderSize(conn, 64<<10)
	for {
		kind, b, err := readFrame(buffered, &content, t.encrypted())
		if err == io.EOF {
			conn.Write(farewell[:]) // who has gone misses nothing
		}
		if err != nil {
			return err
		}
		if kind == batchFrame {
			var batch raftpb.MessageBatch
			if err := decode(&batch, b); err != nil {
				return err
			}
			t.messages(batch)
			continue
		}
		var chunk raftpb.Chunk
		if err := decode(&chunk, b); err != nil {
			return err
		}
		if err := t.keep(chunk); err != nil {
			return err
		}
	}
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

// deliver takes a message as if another host had sent it.
func (t *transport) deliver(m raftpb.Message) {
	t.messages(raftpb.MessageBatch{
		DeploymentId: t.config.GetDeploymentID(), BinVer: raftio.TransportBinVersion, Requests: []raftpb.Message{m},
	})
}

// GetConnection implements raftio.ITransport. It has no error: what is sent while there is no
// connection is lost, as anything may be.
func (t *transport) GetConnection(_ context.Context, address string) (raftio.IConnection, error) {
	l := &link{transport: t, peer: t.peer(address)}
	l.stop, l.end = context.WithCancel(t.stop)
	return l, nil
}

// GetSnapshotConnection implements raftio.ITransport.
func (t *transport) GetSnapshotConnection(ctx context.Context, address string) (raftio.ISnapshotConnection, error) {
	conn, err := t.dial(ctx, address, snapshotSilence)
	if err != nil {
		return nil, err
	}
	return &snapshotLink{conn: conn, encrypted: t.encrypted()}, nil
}
