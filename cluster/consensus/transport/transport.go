package transport

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"

	"github.com/lni/dragonboat/v4/config"
	"github.com/lni/dragonboat/v4/raftio"
	"github.com/lni/dragonboat/v4/raftpb"

	"github.com/mantisdb/mantisdb/internal/loglimit"
)

// Factory makes the transport of a host. It implements config.TransportFactory.
type Factory struct {
	// TLS has nodes show each other certificates, both as who dials and as who is dialled: it is to
	// demand and verify a client's. nil: connections are not encrypted, and anybody is let in.
	TLS *tls.Config
	// Entry returns nil for the content of an entry that replicas can apply. Others are not taken.
	Entry func(content []byte) error
	// Gone is told that nobody listens at the address of another host any more. What it gives to
	// deliver, then or later, is taken as if it had come from there. It must not wait.
	Gone   func(address string, deliver func(raftpb.Message))
	Logger *slog.Logger
}

// Validate implements config.TransportFactory: it tells whether an address is host:port.
func (Factory) Validate(address string) bool { return validAddress(address) }

// Create implements config.TransportFactory.
func (f Factory) Create(c config.NodeHostConfig, messages raftio.MessageHandler, chunks raftio.ChunkHandler) raftio.ITransport {
	t := &transport{
		listenAt: c.GetListenAddress(), self: greeting{c.GetDeploymentID(), c.RaftAddress}, tls: f.TLS,
		messages: messages, chunks: chunks, entry: f.Entry, logger: f.Logger, limited: loglimit.New(f.Logger),
		places: maxIncoming, incoming: make(map[net.Conn]struct{}), peers: make(map[string]*peer),
		strangers: make(map[string]*refusals),
	}
	t.gone = func(address string) { f.Gone(address, t.deliver) }
	t.stop, t.end = context.WithCancel(context.Background())
	return t
}

// transport is that of one host.
type transport struct {
	listenAt string
	self     greeting
	tls      *tls.Config
	messages raftio.MessageHandler
	chunks   raftio.ChunkHandler
	entry    func(content []byte) error
	gone     func(address string)
	logger   *slog.Logger
	limited  *loglimit.Logger // of what others cause
	places   int              // for incoming connections

	stop     context.Context
	end      context.CancelFunc
	work     sync.WaitGroup
	listener net.Listener

	mu       sync.Mutex // of what follows
	incoming map[net.Conn]struct{}
	peers    map[string]*peer // by their addresses
	// strangers are nodes of other clusters that were turned away, by the addresses that they tell
	strangers map[string]*refusals
}

// Name implements raftio.ITransport.
func (t *transport) Name() string { return "mantisdb" }

// Start implements raftio.ITransport.
func (t *transport) Start() (err error) {
	if t.listener, err = net.Listen("tcp", t.listenAt); err != nil {
		return err
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

// deliver takes a message as if another host had sent it.
func (t *transport) deliver(m raftpb.Message) {
	t.messages(raftpb.MessageBatch{
		DeploymentId: t.self.deployment, BinVer: raftio.TransportBinVersion, Requests: []raftpb.Message{m},
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
	return &snapshotLink{conn: conn}, nil
}
