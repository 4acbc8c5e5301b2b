package servers

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// etcdClient speaks gRPC. What it reads is linearizable, etcd's default.
type etcdClient struct{ *clientv3.Client }

func dialEtcd(addr string) (client, error) {
	c, err := clientv3.New(clientv3.Config{
		Endpoints: []string{addr}, DialTimeout: 10 * time.Second, Logger: zap.NewNop(),
	})
	return etcdClient{c}, err
}

func (c etcdClient) Set(ctx context.Context, key string, value []byte) error {
	_, err := c.Put(ctx, key, string(value))
	return err
}

func (c etcdClient) Get(ctx context.Context, key string) ([]byte, error) {
	found, err := c.Client.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	if len(found.Kvs) != 1 {
		return nil, fmt.Errorf("etcd: no key %q", key)
	}
	return found.Kvs[0].Value, nil
}

func (c etcdClient) Count(ctx context.Context) (uint64, error) {
	found, err := c.Client.Get(ctx, "", clientv3.WithFromKey(), clientv3.WithCountOnly())
	if err != nil {
		return 0, err
	}
	return uint64(found.Count), nil
}
