package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"strconv"
	"time"

	"github.com/olric-data/olric"
	"github.com/olric-data/olric/config"

	"github.com/mantisdb/mantisdb/cache/distributed"
)

type mantis struct{ cache *distributed.Cache }

func openMantis(ctx context.Context, s *setting) (cache, error) {
	config := distributed.Config{
		Address: s.Addresses[s.Index], Peers: s.Addresses, Replicas: s.Replicas, MemoryLimit: uint64(s.MemoryLimit),
	}
	if s.System == mantisDBWithSecret {
		config.Secret = []byte("a secret of the benchmark")
	}
	c, err := distributed.Open(config)
	if err != nil {
		return nil, err
	}
	return mantis{c}, c.Wait(ctx)
}

func (m mantis) get(ctx context.Context, key string) (bool, error) {
	_, err := m.cache.Get(ctx, []byte(key))
	if errors.Is(err, distributed.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (m mantis) set(ctx context.Context, key string, value []byte) error {
	return m.cache.Set(ctx, []byte(key), value, distributed.SetOptions{})
}

type olricMap struct{ olric.DMap }

// openOlric opens Olric with its own store, that evicts by its approximate LRU.
func openOlric(_ context.Context, s *setting) (cache, error) {
	host, port, err := net.SplitHostPort(s.Addresses[s.Index])
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	c := config.New("lan")
	c.BindAddr, c.BindPort, c.ReplicaCount = host, number, s.Replicas
	c.MemberlistConfig.BindAddr, c.MemberlistConfig.BindPort, c.MemberlistConfig.AdvertisePort = host, number+1, number+1
	c.Logger = log.New(io.Discard, "", 0)
	c.DMaps = &config.DMaps{EvictionPolicy: config.LRUEviction, MaxInuse: s.MemoryLimit}
	for i, address := range s.Addresses {
		peerHost, peerPort, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		peer, err := strconv.Atoi(peerPort)
		if err != nil {
			return nil, err
		}
		if i != s.Index {
			c.Peers = append(c.Peers, net.JoinHostPort(peerHost, strconv.Itoa(peer+1)))
		}
	}
	started := make(chan struct{})
	c.Started = func() { close(started) }
	node, err := olric.New(c)
	if err != nil {
		return nil, err
	}
	failed := make(chan error, 1)
	go func() { failed <- node.Start() }()
	select {
	case <-started:
	case err := <-failed:
		return nil, err
	case <-time.After(30 * time.Second):
		return nil, errors.New("olric does not start")
	}
	keys, err := node.NewEmbeddedClient().NewDMap("cache")
	return olricMap{keys}, err
}

func (o olricMap) get(ctx context.Context, key string) (bool, error) {
	found, err := o.Get(ctx, key)
	if errors.Is(err, olric.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = found.Byte()
	return err == nil, err
}

func (o olricMap) set(ctx context.Context, key string, value []byte) error {
	return o.Put(ctx, key, value)
}
