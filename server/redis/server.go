package redis

import (
	"context"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/loglimit"
	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/clientmemory"
	"github.com/mantisdb/mantisdb/server/figures"
	"github.com/mantisdb/mantisdb/server/redis/resp"
)

// Config says what to serve, and to whom.
type Config struct {
	// Database is what is served, without a cluster.
	Database Database
	// Cluster, if it is not nil, says where each shard of the data is served.
	Cluster cluster.Member
	// ClusterNumber tells the cluster from others, whose nodes are turned away; empty if it has none.
	ClusterNumber string
	// EnsureKeyspace has all shards of the cluster have a keyspace without options, before a numbered
	// database is used; nil leaves each shard to make its own.
	EnsureKeyspace func(ctx context.Context, name string) error
	// ClusterRedirect is when a client is told where a key is served, instead of being answered
	// from there: auto, always or never; empty is auto, if the client has shown that it knows
	// the cluster.
	ClusterRedirect string
	// DialPeer connects to another node's address for nodes; nil: by TCP.
	DialPeer func(ctx context.Context, address string) (net.Conn, error)
	Logger   *slog.Logger
	// Figures are what INFO tells, and gets this protocol's part added; nil: of this
	// protocol and the database alone.
	Figures *figures.Collector
	// Users are those who may use it; nil: everybody may do everything.
	Users  *acl.List
	Limits Limits
	// Checkpoint makes a copy of the data under a name, for SAVE and BGSAVE; nil if there
	// is no place for one.
	Checkpoint func(name string) error
	// Quit ends the server, for SHUTDOWN; nil if clients may not.
	Quit func()
	// EnableDebug lets clients send DEBUG, which can hold up a client and is for tests.
	EnableDebug bool
}

// Server answers connections that it is given. All of its methods may be called from any
// number of goroutines.
type Server struct {
	db            store // all that this node serves
	logger        *slog.Logger
	limited       *loglimit.Logger // of what clients cause
	figures       *figures.Collector
	users         *acl.List
	table         commandTable
	parameters    []*parameter // of CONFIG
	get, set      *Command     // those that come in runs
	whole         *part        // all of the database; nil in a cluster
	routing       *routing     // nil without a cluster
	peerCommand   *Command     // what nodes have for each other
	clients       clients
	trunks        sync.Map // *servedTrunk of other nodes, as keys
	hub           hub
	notifications notifications
	cursors       cursors
	expiries      expiries

	currentLimits atomic.Pointer[Limits]
	configuring   sync.Mutex // held by CONFIG SET
	pause         pause
	slow          slowCommands
	saves         saves
	debug         bool
	writesWait    bool // for a disk
	logSync       *logSync
	quit          func()

	errors   errorCounts
	traffic  traffic
	rates    rates
	baseline atomic.Pointer[mantisdb.Stats] // of the last CONFIG RESETSTAT
	memory   *clientmemory.Pool             // of all clients
	evicting atomic.Bool                    // somebody disconnects clients that take too much of it
	evicted  atomic.Int64                   // clients

	connectionsDone atomic.Int64
	refused         atomic.Int64 // connections
	protocolErrors  atomic.Int64

	serving sync.WaitGroup
	ending  atomic.Bool
}

// New makes a server. It fails if the numbered databases cannot be opened, or if the cluster
// has no shards.
func New(c Config) (*Server, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		users: c.Users, logger: c.Logger, limited: loglimit.New(c.Logger), figures: c.Figures,
		table: newCommandTable(), peerCommand: peerCommands(),
		saves: saves{checkpoint: c.Checkpoint}, quit: c.Quit, debug: c.EnableDebug,
		traffic: make(traffic, figures.Shards()),
	}
	s.expiries.server = s
	if err := s.openData(&c); err != nil {
		return nil, err
	}
	if s.figures == nil {
		s.figures = figures.NewCollector("", source{s.db})
	}
	limits := c.Limits.WithDefaults()
	s.currentLimits.Store(&limits)
	s.memory = clientmemory.NewPool(limits.ClientMemory)
	s.baseline.Store(&mantisdb.Stats{})
	s.saves.last.Store(s.figures.Started().Unix())
	s.slow.init()
	s.parameters = s.newParameters()
	s.get, s.set = s.table["get"], s.table["set"]
	if s.users == nil {
		s.users = acl.NewList("")
	}
	s.figures.Add(s.addFigures)
	return s, nil
}

// openData opens what is served.
func (s *Server) openData(c *Config) (err error) {
	if c.Cluster != nil {
		s.routing, err = newRouting(s, c)
		s.db = led{s.routing}
		return err
	}
	if s.whole, err = openPart(c.Database, nil, s.expiries.follow, nil); err != nil {
		return err
	}
	s.db, s.logSync = c.Database, newLogSync(c.Database)
	if stats, err := c.Database.Stats(); err == nil {
		s.writesWait = stats.Durability == mantisdb.DurabilitySync
	}
	return nil
}

// ServeConn answers one connection until it ends, and closes it. One that an event loop
// watches it answers there, and returns.
func (s *Server) ServeConn(conn net.Conn) { s.serve(s.newClient(conn)) }

// ServeClusterConn is ServeConn for a client that knows Redis Cluster: it is told where a key is
// served that is not served here, and what it asks of all keys is of those that are. Such a client
// asks every node, and puts the replies together.
func (s *Server) ServeClusterConn(conn net.Conn) {
	c := s.newClient(conn)
	c.knowsCluster, c.asksEachNode = true, true
	s.serve(c)
}

func (s *Server) serve(c *Client) {
	s.serving.Add(1)
	if s.ending.Load() || !s.clients.add(c, s.limits().MaxClients) {
		s.refused.Add(1)
		if !s.ending.Load() {
			s.limited.Warn("a client was refused, since there are too many", "client", c.address(), "max_clients", s.limits().MaxClients)
		}
		c.out.Error("ERR max number of clients reached")
		c.flush()
		c.share.Release()
		c.sink.close()
		s.serving.Done()
		return
	}
	s.connectionsDone.Add(1)
	c.traffic = s.traffic.of(c)
	c.sink.traffic = c.traffic
	s.rates.begin(s)
	c.beginTurns()
	if c.extendDeadline() != nil {
		c.conn.Close() // as it is already
	}
	c.attend()
}

// contain turns a panic into a line of the log and a connection that ends.
func (s *Server) contain(c *Client) {
	if cause := recover(); cause != nil {
		s.logger.Error("panic in a command", "client", c.address(), "panic", cause, "stack", string(debug.Stack()))
	}
}

func (s *Server) newClient(conn net.Conn) *Client {
	now := time.Now()
	c := &Client{
		server: s, part: s.whole, conn: conn, sink: newSink(conn, s.limits), created: now,
		out: resp.Writer{Limit: s.limits().MaxReply},
	}
	c.sink.cut = func(why string) {
		s.limited.Warn("a client that does not read was cut off", "client", c.address(), "reason", why)
	}
	c.sink.over = s.evictClients
	c.sink.share.Open(s.memory)
	c.share.Open(s.memory)
	c.traffic = s.traffic.of(c)
	c.in = resp.NewParser(s.limits().parser(false))
	c.letInAnonymous()
	c.publishView()
	c.lastUsed.Store(now.UnixMilli())
	c.request.now = now
	return c
}

// Shutdown lets every client have the answers to what it has sent, and disconnects it.
// Who is not done when ctx is, is cut off, and then the context's error is returned.
func (s *Server) Shutdown(ctx context.Context) error {
	s.ending.Store(true)
	s.pause.end()
	s.expiries.stop()
	if s.routing != nil {
		defer s.routing.shutdown() // last, since it answers nobody who still waits for a leader
	}
	for _, c := range s.clients.list() {
		c.conn.SetReadDeadline(time.Unix(1, 0))
	}
	s.eachTrunk((*servedTrunk).bid)
	done := make(chan struct{})
	go func() {
		s.serving.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	isCut := false
	for _, c := range s.clients.list() {
		c.conn.Close()
		isCut = true
	}
	s.eachTrunk(func(t *servedTrunk) {
		t.conn.Close()
		isCut = true
	})
	if !isCut {
		return nil
	}
	return ctx.Err()
}
