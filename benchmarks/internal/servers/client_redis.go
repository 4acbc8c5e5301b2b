package servers

import (
	"context"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// redisClient speaks Redis's protocol.
type redisClient struct{ *redis.Client }

func dialRedis(addr string) (client, error) {
	return redisClient{redis.NewClient(redisOptions(addr))}, nil
}

// dialReadOnly is a client whose reads may be stale.
func dialReadOnly(addr string) (client, error) {
	o := redisOptions(addr)
	o.OnConnect = func(ctx context.Context, conn *redis.Conn) error { return conn.ReadOnly(ctx).Err() }
	return redisClient{redis.NewClient(o)}, nil
}

func redisOptions(addr string) *redis.Options {
	return &redis.Options{
		Addr: addr, PoolSize: 1,
		MaxRetries: -1, // an error is one
		// Nothing at connecting that only some servers know.
		Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

func (c redisClient) Set(ctx context.Context, key string, value []byte) error {
	return c.Client.Set(ctx, key, value, 0).Err()
}

func (c redisClient) Get(ctx context.Context, key string) ([]byte, error) {
	return c.Client.Get(ctx, key).Bytes()
}

func (c redisClient) Count(ctx context.Context) (uint64, error) {
	return c.DBSize(ctx).Uint64()
}
