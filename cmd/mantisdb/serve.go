package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/machine"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/benchmarks"
	"github.com/mantisdb/mantisdb/server/clientmemory"
	"github.com/mantisdb/mantisdb/server/control"
	"github.com/mantisdb/mantisdb/server/dashboard"
	"github.com/mantisdb/mantisdb/server/figures"
	httpapi "github.com/mantisdb/mantisdb/server/http"
	"github.com/mantisdb/mantisdb/server/metrics"
	"github.com/mantisdb/mantisdb/server/redis"
	"github.com/mantisdb/mantisdb/storage"
	"github.com/mantisdb/mantisdb/web"
)

// serveFlags are those of the server.
type serveFlags struct {
	address         server.Address
	dataDir         string
	engine          enum
	durability      enum
	memoryLimit     byteSize
	clientMemory    byteSize
	checkpointDir   string
	benchmarkDir    string
	redisPort       int
	unixSocket      string
	access          accessFlags
	limits          redis.Limits
	log             logFlags
	node            nodeFlags
	cache           cacheFlags
	shutdownTimeout time.Duration
	redisDebug      bool
	told            []control.Parameter // the flags, as the API tells them
}

func newServeCommand() *cobra.Command {
	var serve serveFlags
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "Serve a database (the default)",
		Example: "  mantisdb serve --port=8080 --data-dir=/var/lib/mantisdb",
		Args:    usageArgs(cobra.NoArgs),
		PreRunE: applySettings,
		RunE:    func(cmd *cobra.Command, _ []string) error { return serve.run(cmd) },
	}
	serve.add(cmd.Flags())
	return cmd
}

func (f *serveFlags) add(flags *pflag.FlagSet) {
	flags.IntVar(&f.address.Port, "port", 8080, "port to listen on; 0 picks a free one and logs it")
	flags.StringVar(&f.address.Bind, "bind", "127.0.0.1", "IP address to listen on")
	flags.BoolVar(&f.address.AllowPublic, "allow-public", false, "let --bind be an address that other machines can reach, without a password or users")
	flags.StringVar(&f.dataDir, "data-dir", "", "directory of the data, created if absent; without it, all is kept in memory and lost at the end")
	addEngineFlag(flags, &f.engine)
	f.durability = newEnum("sync", "sync", "buffered", "memory")
	flags.Var(&f.durability, "durability", "when a write is acknowledged, unless it says so itself: on disk, with the operating system, or visible")
	flags.Var(&f.memoryLimit, "memory-limit", "what the engine may hold in memory, as 512MiB; needs --data-dir or --engine=cache (there 256MiB if not given)")
	flags.StringVar(&f.checkpointDir, "checkpoint-dir", "", "directory in which clients may make checkpoints, on the file system of the data; without it, they may not; needs --data-dir")
	flags.StringVar(&f.benchmarkDir, benchmarkDirFlag, "", "directory of the reports of benchmarks that clients start, created if absent; without it, the newest are kept in memory")
	flags.IntVar(&f.redisPort, "redis-port", noPort, "port for the Redis protocol alone, beside --port, which takes both; 0 picks a free one")
	flags.StringVar(&f.unixSocket, "unix-socket", "", "path of a Unix socket for both protocols, beside the port")
	f.access.add(flags)
	f.addLimits(flags)
	f.log.add(flags)
	f.node.add(flags)
	f.cache.add(flags)
	flags.DurationVar(&f.shutdownTimeout, "shutdown-timeout", 30*time.Second, "how long requests in flight may take to finish at the end")
	flags.BoolVar(&f.redisDebug, "redis-debug-commands", false, "let clients send Redis's DEBUG; for tests")
	flags.Lookup("redis-debug-commands").Hidden = true
	flags.String(configFlag, "", "file of settings, .yaml or .toml, with the flags' names as keys")
}

// noPort says that there is no port of its own.
const noPort = -1

// addLimits adds the bounds of what a client of Redis may take.
func (f *serveFlags) addLimits(flags *pflag.FlagSet) {
	defaults := redis.DefaultLimits()
	flags.IntVar(&f.limits.MaxClients, "max-clients", defaults.MaxClients, "connections of the Redis protocol at once")
	flags.IntVar(&f.limits.OutputBuffer, "client-output-buffer", defaults.OutputBuffer, "bytes that may wait for a client that does not read, before it is cut off")
	f.clientMemory.n = defaultClientMemory()
	flags.Var(&f.clientMemory, "client-memory", "what the clients of each protocol may take of memory together, as 1GiB: beyond it the largest of Redis are disconnected, and requests of HTTP refused; by default an eighth of the machine's, and 512MiB at least")
	flags.Lookup("client-memory").DefValue = ""
	flags.DurationVar(&f.limits.IdleTimeout, "client-idle-timeout", 0, "how long a client of the Redis protocol may send nothing; 0 is for ever")
}

// defaultClientMemory is an eighth of what the process may take, but room for some clients
// that each take the most that one may.
func defaultClientMemory() uint64 {
	const least = 512 << 20
	return max(machine.MemoryBytes()/8, least)
}

func addEngineFlag(flags *pflag.FlagSet, engine *enum) {
	*engine = newEnum(storage.DefaultEngine, mantisdb.EngineRust, mantisdb.EngineGo, mantisdb.EngineCache)
	flags.Var(engine, "engine", "storage engine")
}

// run serves until the command's context is done.
func (f *serveFlags) run(cmd *cobra.Command) error {
	ctx, logger := cmd.Context(), f.log.logger(cmd.ErrOrStderr())
	f.told = settingsTold(cmd.Flags())
	if err := f.check(); err != nil {
		return err
	}
	users, err := f.access.users()
	if err != nil {
		return err
	}
	certificate, err := f.access.certificate(logger)
	if err != nil {
		return err
	}
	// First the ports, since to open a database may leave a new directory.
	listeners, err := f.listen(ctx, users)
	defer closeAll(listeners)
	if err != nil {
		return err
	}
	if f.node.isNode() {
		if err := f.runNode(ctx, listeners, users, certificate, logger); err != nil {
			return err
		}
		logger.Info("stopped")
		return nil
	}
	if f.cache.isDistributed() {
		if err := f.runCacheNode(ctx, listeners, users, certificate, logger); err != nil {
			return err
		}
		logger.Info("stopped")
		return nil
	}
	db, err := f.open(logger)
	if err != nil {
		return err
	}
	served := f.serve(ctx, listeners, db, users, certificate, logger)
	closed := db.Close()
	if closed != nil {
		logger.Error("closing the database failed: something acknowledged may be lost", "error", closed.Error())
	}
	if err := errors.Join(served, closed); err != nil {
		return err
	}
	logger.Info("stopped")
	return nil
}

// open opens the database.
func (f *serveFlags) open(logger *slog.Logger) (*mantisdb.DB, error) {
	durability, err := mantisdb.ParseDurability(f.durability.value)
	if err != nil {
		return nil, err
	}
	return mantisdb.Open(f.dataDir, &mantisdb.Options{
		Engine: f.engine.value, Durability: durability, MemoryLimit: f.memoryLimit.n, Logger: logger,
	})
}

// check finds what makes no sense without a data directory, and limits out of
// their range.
func (f *serveFlags) check() error {
	if err := errors.Join(f.node.check(), f.cache.check(), f.checkClientLimits()); err != nil {
		return err
	}
	switch {
	case f.cache.isDistributed() && !f.isCache():
		return usageError{errors.New("--cache-address needs --engine=cache: a node of a distributed cache keeps nothing")}
	case f.cache.isDistributed() && f.node.isNode():
		return usageError{errors.New("--cache-address and --cluster-node exclude each other: a cluster keeps its data, a distributed cache does not")}
	case f.shutdownTimeout < 0:
		return usageError{fmt.Errorf("--shutdown-timeout is negative: %v", f.shutdownTimeout)}
	case f.checkpointDir != "" && f.dataDir == "":
		return usageError{errors.New("--checkpoint-dir needs --data-dir: what is in memory alone has no checkpoints")}
	case f.isCache() && f.dataDir != "":
		return usageError{errors.New("--engine=cache and --data-dir exclude each other: a cache keeps everything in memory")}
	case f.memoryLimit.n == 0:
		return nil
	case f.dataDir == "" && !f.isCache():
		return usageError{errors.New("--memory-limit needs --data-dir, which has what memory has not, or --engine=cache")}
	case f.memoryLimit.n < mantisdb.MinMemoryLimit:
		return usageError{fmt.Errorf("--memory-limit is %d bytes, and the least is %d (%d MiB)", f.memoryLimit.n, mantisdb.MinMemoryLimit, mantisdb.MinMemoryLimit>>20)}
	case f.memoryLimit.n > mantisdb.MaxMemoryLimit:
		return usageError{fmt.Errorf("--memory-limit is %d bytes, and the most is %d (just below 8 EiB)", f.memoryLimit.n, uint64(mantisdb.MaxMemoryLimit))}
	}
	return nil
}

// checkClientLimits finds limits with which no client could do anything.
func (f *serveFlags) checkClientLimits() error {
	switch {
	case f.limits.MaxClients < 1:
		return usageError{fmt.Errorf("--max-clients is %d, and the least is 1", f.limits.MaxClients)}
	case f.limits.OutputBuffer < 1:
		return usageError{fmt.Errorf("--client-output-buffer is %d, and the least is 1", f.limits.OutputBuffer)}
	case f.limits.IdleTimeout < 0:
		return usageError{fmt.Errorf("--client-idle-timeout is negative: %v", f.limits.IdleTimeout)}
	case f.clientMemory.n > math.MaxInt64:
		return usageError{fmt.Errorf("--client-memory is %d bytes, and the most is %d (just below 8 EiB)", f.clientMemory.n, int64(math.MaxInt64))}
	}
	return nil
}

// isCache tells whether entries leave for good when memory is full.
func (f *serveFlags) isCache() bool { return f.engine.value == mantisdb.EngineCache }

// serve answers for db on the listeners until ctx is done.
func (f *serveFlags) serve(ctx context.Context, listeners []*server.Listener, db *mantisdb.DB, users *acl.List, certificate *tls.Config, logger *slog.Logger) error {
	about := httpapi.About{Version: versionNumber(), Engine: db.Engine(), Go: runtime.Version()}
	store := server.NewLocal(db).WithCheckpoints(f.checkpointDir)
	all := figures.NewCollector(about.Version, store).WithDir(f.dataDir)
	history := figures.NewHistory(all)
	page, err := builtDashboard()
	if err != nil {
		return err
	}
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	f.limits.ClientMemory = int64(f.clientMemory.n)
	redisServer, err := redis.New(redis.Config{
		Database: db, Users: users, Limits: f.limits, Logger: logger, Figures: all,
		Checkpoint: f.checkpointOf(store), Quit: quit, EnableDebug: f.redisDebug,
	})
	if err != nil {
		return err
	}
	runs, err := f.openBenchmarks(logger)
	if err != nil {
		return err
	}
	defer runs.Close()
	defer context.AfterFunc(ctx, runs.Close)() // which would slow down those who are served to their end
	handler := httpapi.NewHandler(store, logger, about).WithUsers(users).WithFigures(all).WithHistory(history).
		WithMetrics(metrics.NewHandler(all, logger)).WithControl(redisServer, f.told).WithBenchmarks(runs).WithDashboard(page).
		WithClientMemory(clientmemory.NewPool(f.limits.ClientMemory))
	s := server.New(server.Config{
		HTTP: handler, Redis: redisServer, TLS: certificate, Logger: logger,
		ShutdownTimeout: f.shutdownTimeout, EndStreams: handler.EndStreams,
	})
	all.Add(s.AddFigures)
	defer history.Start()()
	f.announce(logger, listeners, about, users)
	tellSystemd(ctx, logger)
	return s.Serve(ctx, listeners...)
}

// openBenchmarks is what clients may have this program measure.
func (f *serveFlags) openBenchmarks(logger *slog.Logger) (*benchmarks.Runs, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program: %w", err)
	}
	return benchmarks.Open(benchmarks.Config{Program: program, Dir: f.benchmarkDir, Logger: logger})
}

// builtDashboard is the dashboard that the program was built with, nil if without.
func builtDashboard() (*dashboard.Dashboard, error) {
	files := web.Dashboard()
	if files == nil {
		return nil, nil
	}
	return dashboard.New(files)
}

// checkpointOf is what makes checkpoints for clients of the Redis protocol, nil if there
// is no place for them.
func (f *serveFlags) checkpointOf(store server.Local) func(name string) error {
	if f.checkpointDir == "" {
		return nil
	}
	return func(name string) error {
		_, err := store.Checkpoint(context.Background(), name)
		return err
	}
}

// listen opens the ports and the socket. What was opened before an error is returned with
// it.
func (f *serveFlags) listen(ctx context.Context, users *acl.List) (listeners []*server.Listener, err error) {
	// Who must authenticate may come from anywhere.
	f.address.AllowPublic = f.address.AllowPublic || users.Anonymous() == nil
	if listeners, err = inherited(f.address.AllowPublic); err != nil || len(listeners) > 0 {
		return listeners, leaveToPublic(err)
	}
	add := func(l *server.Listener, err error) error {
		if err == nil {
			listeners = append(listeners, l)
		}
		return err
	}
	if f.redisPort > 0 && f.redisPort == f.address.Port {
		return nil, usageError{fmt.Errorf("--redis-port and --port are both %d: --port takes the Redis protocol as well", f.redisPort)}
	}
	if err := add(server.Listen(ctx, f.address)); err != nil {
		return listeners, leaveToPublic(err)
	}
	if f.redisPort != noPort {
		address := f.address
		address.Port = f.redisPort
		if err := add(server.Listen(ctx, address)); err != nil {
			return listeners, err
		}
		listeners[len(listeners)-1].RedisOnly = true
	}
	if f.unixSocket != "" {
		return listeners, add(server.ListenUnix(ctx, f.unixSocket))
	}
	return listeners, nil
}

// leaveToPublic adds what to do to an error that an address is public.
func leaveToPublic(err error) error {
	if errors.Is(err, server.ErrPublicBind) {
		return fmt.Errorf("%w; give it one by MANTISDB_PASSWORD, --password-file or --users, or --allow-public to do without", err)
	}
	return err
}

func closeAll(listeners []*server.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

// announce tells where the server listens, now that it does.
func (f *serveFlags) announce(logger *slog.Logger, listeners []*server.Listener, about httpapi.About, users *acl.List) {
	if f.dataDir == "" && !f.isCache() {
		logger.Warn("no --data-dir: all data is in memory and lost when the server ends")
	}
	for _, l := range listeners[1:] {
		logger.Info("listening", "network", l.Addr().Network(), "address", l.Addr().String(), "redis_only", l.RedisOnly)
	}
	address, scheme := listeners[0].Addr(), "http://"
	if f.access.isEncrypted() {
		scheme = "https://"
	}
	if tcp, ok := address.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		if users.Anonymous() != nil {
			logger.Warn("whoever reaches this address can use the database without a password", "address", tcp.String())
		}
		if !f.access.isEncrypted() {
			logger.Warn("what is sent to this address, passwords too, is not encrypted: see --tls-cert", "address", tcp.String())
		}
	}
	logger.Info("listening", "url", scheme+address.String(), "engine", about.Engine,
		"data_dir", f.dataDir, "durability", f.durability.value, "version", about.Version)
}
