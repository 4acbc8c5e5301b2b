package servers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

// memcachedClient speaks memcached's text protocol.
type memcachedClient struct {
	*memcache.Client
	addr string
}

func dialMemcached(addr string) (client, error) {
	c := memcache.New(addr)
	c.MaxIdleConns, c.Timeout = 1, 10*time.Second
	return memcachedClient{c, addr}, nil
}

func (c memcachedClient) Set(_ context.Context, key string, value []byte) error {
	return c.Client.Set(&memcache.Item{Key: key, Value: value})
}

func (c memcachedClient) Get(_ context.Context, key string) ([]byte, error) {
	item, err := c.Client.Get(key)
	if err != nil {
		return nil, err
	}
	return item.Value, nil
}

// Count asks for the statistics, of which the library knows nothing.
func (c memcachedClient) Count(ctx context.Context) (uint64, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, "stats\r\n"); err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(conn)
	for lines.Scan() && lines.Text() != "END" {
		if count, ok := strings.CutPrefix(lines.Text(), "STAT curr_items "); ok {
			return strconv.ParseUint(count, 10, 64)
		}
	}
	return 0, errors.Join(errors.New("memcached: no curr_items in the statistics"), lines.Err())
}
