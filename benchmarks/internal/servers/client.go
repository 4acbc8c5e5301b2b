package servers

import "context"

// client is one connection of a client library.
type client interface {
	Set(ctx context.Context, key string, value []byte) error
	// Get returns the value of a key that is there.
	Get(ctx context.Context, key string) ([]byte, error)
	// Count is how many keys there are.
	Count(ctx context.Context) (uint64, error)
	Close() error
}
