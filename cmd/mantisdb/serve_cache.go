package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/netip"
	"runtime"

	"github.com/mantisdb/mantisdb/cache/distributed"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/cachenode"
	"github.com/mantisdb/mantisdb/server/clientmemory"
	"github.com/mantisdb/mantisdb/server/figures"
	httpapi "github.com/mantisdb/mantisdb/server/http"
	"github.com/mantisdb/mantisdb/server/metrics"
)

// runCacheNode serves a node of a distributed cache on the listeners until ctx is done.
func (f *serveFlags) runCacheNode(ctx context.Context, listeners []*server.Listener, users *acl.List, certificate *tls.Config, logger *slog.Logger) error {
	cache, err := f.cache.open(f.memoryLimit.n, logger)
	if err != nil {
		return err
	}
	served := f.serveCache(ctx, cache, listeners, users, certificate, logger)
	return errors.Join(served, cache.Close())
}

func (f *serveFlags) serveCache(ctx context.Context, cache *distributed.Cache, listeners []*server.Listener, users *acl.List, certificate *tls.Config, logger *slog.Logger) error {
	about := httpapi.About{Version: versionNumber(), Engine: f.engine.value, Go: runtime.Version()}
	store := cachenode.NewStore(cache)
	all := figures.NewCollector(about.Version, store)
	history := figures.NewHistory(all)
	handler := httpapi.NewHandler(store, logger, about).WithUsers(users).WithFigures(all).WithHistory(history).
		WithMetrics(metrics.NewHandler(all, logger)).
		WithClientMemory(clientmemory.NewPool(int64(f.clientMemory.n)))
	s := server.New(server.Config{
		HTTP:  handler,
		Redis: cachenode.NewServer(cachenode.Config{Cache: cache, Version: about.Version, Users: users, Limits: f.limits, Logger: logger}),
		TLS:   certificate, Logger: logger, ShutdownTimeout: f.shutdownTimeout, EndStreams: handler.EndStreams,
	})
	all.Add(s.AddFigures)
	defer history.Start()()
	f.announce(logger, listeners, about, users)
	f.announceCache(logger)
	tellSystemd(ctx, logger)
	return s.Serve(ctx, listeners...)
}

// announceCache tells where other nodes reach this one.
func (f *serveFlags) announceCache(logger *slog.Logger) {
	logger.Info("node of a distributed cache", "cache_address", f.cache.address, "replicas", f.cache.replicas)
	if address, err := netip.ParseAddrPort(f.cache.address); err == nil && !address.Addr().Unmap().IsLoopback() && f.cache.secretFile == "" {
		logger.Warn("without a secret, whoever reaches this address can read and write the cache, and end this node", "cache_address", f.cache.address)
	}
}
