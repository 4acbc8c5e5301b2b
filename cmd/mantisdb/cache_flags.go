package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb/cache/distributed"
)

// cacheFlags say which node of which distributed cache a server is.
type cacheFlags struct {
	address          string
	peers            []string
	replicas, quorum int
	secretFile       string
	allowInsecure    bool
}

func (f *cacheFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.address, "cache-address", "", "address of this node of a distributed cache for its other nodes, as 10.0.0.1:7100; it gossips at the next port; needs --engine=cache; without it, a cache is one of this server alone")
	flags.StringSliceVar(&f.peers, "cache-peers", nil, "addresses of the nodes of the distributed cache, as 10.0.0.1:7100,10.0.0.2:7100,10.0.0.3:7100; this one's may be among them")
	flags.IntVar(&f.replicas, "cache-replicas", 1, "on how many nodes of the distributed cache each key is, 1 or 2, the same on all of them")
	flags.IntVar(&f.quorum, "cache-quorum", 0, "how many nodes of the distributed cache must see each other for one to answer; 0 is more than half of --cache-peers if those are three or more, else 1")
	flags.StringVar(&f.secretFile, "cache-secret-file", "", "file with what the nodes of the distributed cache know each other by, 16 bytes at least; what they send each other is encrypted with it")
	flags.BoolVar(&f.allowInsecure, "cache-allow-insecure", false, "let --cache-address be one that other machines can reach, without a secret: whoever reaches it can read and write the cache, and end the node")
}

// isDistributed tells whether the server is a node of a distributed cache.
func (f *cacheFlags) isDistributed() bool { return f.address != "" }

// check finds what makes no sense.
func (f *cacheFlags) check() error {
	if f.isDistributed() {
		return nil
	}
	if len(f.peers) > 0 || f.replicas != 1 || f.quorum != 0 || f.secretFile != "" || f.allowInsecure {
		return usageError{errors.New("--cache-peers, --cache-replicas, --cache-quorum, --cache-secret-file and --cache-allow-insecure need --cache-address, where this node is reached")}
	}
	return nil
}

// open begins the node.
func (f *cacheFlags) open(memoryLimit uint64, logger *slog.Logger) (*distributed.Cache, error) {
	secret, err := f.secret()
	if err != nil {
		return nil, err
	}
	c, err := distributed.Open(distributed.Config{
		Address: f.address, Peers: f.peers, Replicas: f.replicas, Quorum: f.quorum,
		Secret: secret, AllowInsecure: f.allowInsecure, MemoryLimit: memoryLimit, Logger: logger,
	})
	switch {
	case errors.Is(err, distributed.ErrPublicAddress):
		return nil, usageError{fmt.Errorf("%w: give --cache-secret-file, or --cache-allow-insecure to do without", err)}
	case errors.Is(err, distributed.ErrInvalidConfig):
		return nil, usageError{err}
	}
	return c, err
}

// secret is what the file holds, without the end of its line.
func (f *cacheFlags) secret() ([]byte, error) {
	if f.secretFile == "" {
		return nil, nil
	}
	content, err := os.ReadFile(f.secretFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read the secret: %w", err)
	}
	secret := bytes.TrimRight(content, "\r\n")
	if len(secret) == 0 {
		return nil, fmt.Errorf("the secret file %s is empty", f.secretFile)
	}
	return secret, nil
}
