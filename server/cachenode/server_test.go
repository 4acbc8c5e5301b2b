package cachenode_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cache/distributed"
	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/cachenode"
	httpapi "github.com/mantisdb/mantisdb/server/http"
)

// openAlone opens a cache of one node.
func openAlone(t *testing.T) *distributed.Cache {
	t.Helper()
	needEvicting(t)
	cache, err := distributed.Open(distributed.Config{Address: freeAddresses(t, 1)[0], MemoryLimit: memoryLimit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cache.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := cache.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	return cache
}

// serveRedis serves a cache, and connects to it.
func serveRedis(t *testing.T, cache *distributed.Cache, users *acl.List, options redis.Options) *redis.Client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := cachenode.NewServer(cachenode.Config{Cache: cache, Users: users, Logger: slog.New(slog.DiscardHandler)})
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go server.ServeConn(conn)
		}
	}()
	options.Addr, options.MaxRetries = listener.Addr().String(), -1
	client := redis.NewClient(&options)
	t.Cleanup(func() {
		client.Close()
		listener.Close()
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return client
}

func TestCommands(t *testing.T) {
	client := serveRedis(t, openAlone(t), acl.NewList(""), redis.Options{})
	for _, c := range []struct {
		command string
		want    any // an error, if it begins with a minus
	}{
		{"GET a", nil},
		{"SET a 1", "OK"},
		{"GET a", "1"},
		{"SET a 2 NX", nil},
		{"SET b 2 XX", nil},
		{"SET a 3 XX", "OK"},
		{"SET b 4 NX", "OK"},
		{"MGET a b c", []any{"3", "4", nil}},
		{"SETNX a 5", int64(0)},
		{"SETNX c 5", int64(1)},
		{"STRLEN c", int64(1)},
		{"EXISTS a b c d a", int64(4)},
		{"TYPE a", "string"},
		{"TYPE d", "none"},
		{"DEL a d", int64(1)},
		{"UNLINK b", int64(1)},
		{"GET a", nil},
		{"SETNX a 6", int64(1)},
		{"TTL d", int64(-2)},
		{"TTL a", int64(-1)},
		{"PERSIST a", int64(0)},
		{"EXPIRE a 100", int64(1)},
		{"EXPIRE d 100", int64(0)},
		{"TTL a", int64(100)},
		{"GET a", "6"},
		{"PERSIST a", int64(1)},
		{"TTL a", int64(-1)},
		{"SET a 7 EX 50", "OK"},
		{"TTL a", int64(50)},
		{"SETEX a 60 8", "OK"},
		{"TTL a", int64(60)},
		{"PSETEX a 70000 9", "OK"},
		{"TTL a", int64(70)},
		{"PEXPIREAT a 4000000000123", int64(1)},
		{"PEXPIRETIME a", int64(4000000000123)},
		{"EXPIRETIME a", int64(4000000000)},
		{"EXPIRE a -1", int64(1)},
		{"GET a", nil},
		{"MSET a 1 b 2", "OK"},
		{"MGET a b", []any{"1", "2"}},
		{"ECHO x", "x"},
		{"PING", "PONG"},
		{"SELECT 0", "OK"},
		{"CLIENT SETNAME x", "OK"},
		{"CLIENT GETNAME", "x"},

		{"SELECT 1", "-ERR a distributed cache has the database 0 alone"},
		{"MSET a 1 b", "-ERR wrong number of arguments for 'mset' command"},
		{"GET", "-ERR wrong number of arguments for 'get' command"},
		{"SET a 1 NX XX", "-ERR syntax error"},
		{"SET a 1 EX", "-ERR syntax error"},
		{"SET a 1 EX 0", "-ERR invalid expire time in 'set' command"},
		{"SET a 1 EX x", "-ERR value is not an integer or out of range"},
		{"EXPIRE a 9223372036854775807", "-ERR invalid expire time in 'expire' command"},
		{"SET a 1 GET", "-ERR a distributed cache does not serve 'set' with GET"},
		{"SET a 1 KEEPTTL", "-ERR a distributed cache does not serve 'set' with KEEPTTL"},
		{"INCR a", "-ERR unknown command 'incr', or one that a distributed cache does not serve"},
		{"CLIENT KILL x", "-ERR a distributed cache does not serve 'client|kill'"},
	} {
		var args []any
		for word := range strings.FieldsSeq(c.command) {
			args = append(args, word)
		}
		got, err := client.Do(context.Background(), args...).Result()
		if errors.Is(err, redis.Nil) {
			err = nil
		}
		if err != nil {
			got = "-" + err.Error()
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.command, got, c.want)
		}
	}
}

func TestUsersAreHeldToTheirRights(t *testing.T) {
	users := acl.NewList("secret")
	cache, ctx := openAlone(t), context.Background()
	stranger := serveRedis(t, cache, users, redis.Options{})
	if err := stranger.Get(ctx, "a").Err(); err == nil || !strings.HasPrefix(err.Error(), "NOAUTH") {
		t.Errorf("without a password: %v", err)
	}
	known := serveRedis(t, cache, users, redis.Options{Password: "secret"})
	if err := known.Set(ctx, "a", "1", 0).Err(); err != nil {
		t.Error(err)
	}
	if err := serveRedis(t, cache, users, redis.Options{Password: "other"}).Get(ctx, "a").Err(); err == nil {
		t.Error("another password is taken")
	}
}

func TestHTTP(t *testing.T) {
	handler := httpapi.NewHandler(cachenode.NewStore(openAlone(t)), slog.New(slog.DiscardHandler), httpapi.About{})
	ask := func(method, path, body string, header ...string) (int, string) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for _, c := range []struct {
		method, path, body string
		header             []string
		code               int
		want               string
	}{
		{"GET", "/api/v1/kv/a", "", nil, 404, "key-not-found"},
		{"PUT", "/api/v1/kv/a?ttl=1h", "x", nil, 204, ""},
		{"GET", "/api/v1/kv/a", "", nil, 200, "x"},
		{"PUT", "/api/v1/kv/a", "y", []string{"If-None-Match", "*"}, 412, "key-exists"},
		{"DELETE", "/api/v1/kv/a", "", nil, 204, ""},
		{"PUT", "/api/v1/kv/a", "y", []string{"If-None-Match", "*"}, 201, ""},
		{"GET", "/api/v1/kv/a", "", nil, 200, "y"},
		{"POST", "/api/v1/kv/a?op=increment", "", nil, 501, "does not change a value by what it was"},
		{"GET", "/api/v1/scan", "", nil, 501, "does not list its keys"},
		{"GET", "/api/v1/stats", "", nil, 200, `"engine":"cache"`},
		{"GET", "/api/v1/stats?keyspaces=true", "", nil, 501, "unsupported"},
		{"GET", "/api/v1/keyspaces/x/kv/a", "", nil, 404, "keyspace-not-found"},
	} {
		if code, body := ask(c.method, c.path, c.body, c.header...); code != c.code || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: %d %s", c.method, c.path, code, body)
		}
	}
}

// TestStoreIsWhole: what the store refuses, it refuses by an error that says so.
func TestStoreIsWhole(t *testing.T) {
	store, ctx := cachenode.NewStore(openAlone(t)), context.Background()
	if err := store.Put(ctx, []byte("a"), []byte("1"), mantisdb.WriteOptions{TTL: -1}); !errors.Is(err, mantisdb.ErrInvalidTTL) {
		t.Error(err)
	}
	if err := store.Put(ctx, []byte("a"), []byte("1"), mantisdb.WriteOptions{}); err != nil {
		t.Error(err)
	}
	var values mantisdb.Values
	if err := store.MultiGet(ctx, &values, [][]byte{[]byte("a"), []byte("b")}); err != nil {
		t.Error(err)
	}
	if value, ok := values.At(0); !ok || string(value) != "1" {
		t.Errorf("%q", value)
	}
	if _, ok := values.At(1); ok {
		t.Error("a value of a key that has none")
	}
	if _, err := store.Watch(ctx, mantisdb.Range{}, ""); !errors.Is(err, mantisdb.ErrUnsupported) {
		t.Error(err)
	}
	if err := store.Write(ctx, new(mantisdb.Batch), mantisdb.WriteOptions{}); !errors.Is(err, mantisdb.ErrUnsupported) {
		t.Error(err)
	}
}
