package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

func (t *tour) transactions() error {
	replies, err := t.TxPipelined(t, func(p redis.Pipeliner) error {
		p.Set(t, "tx", 1, 0)
		p.Incr(t, "tx")
		return nil
	})
	if err != nil {
		return err
	}
	err = t.Watch(t, func(tx *redis.Tx) error {
		if err := t.Set(t, "tx", 10, 0).Err(); err != nil { // by another connection
			return err
		}
		_, err := tx.TxPipelined(t, func(p redis.Pipeliner) error { return p.Set(t, "tx", 11, 0).Err() })
		return err
	}, "tx")
	return errors.Join(
		is(replies[1].(*redis.IntCmd), 2),
		same(err, redis.TxFailedErr),
		is(t.Get(t, "tx"), "10"),
		t.aborted(),
	)
}

// aborted: nothing is done of a transaction of which a command could not be queued.
func (t *tour) aborted() error {
	_, err := t.TxPipelined(t, func(p redis.Pipeliner) error {
		p.Set(t, "lost", 1, 0)
		p.Do(t, "NOSUCH")
		return nil
	})
	if err == nil {
		return errors.New("a transaction with an unknown command was done")
	}
	return is(t.Exists(t, "lost"), 0)
}

func (t *tour) messages() error {
	subscriber := t.Subscribe(t, "news")
	defer subscriber.Close()
	if err := subscriber.PSubscribe(t, "n?ws", "other*"); err != nil {
		return err
	}
	for range 3 { // is subscribed
		if _, err := subscriber.ReceiveTimeout(t, patience); err != nil {
			return err
		}
	}
	if err := is(t.Publish(t, "news", "\x00binary\xff"), 2); err != nil {
		return err
	}
	for _, pattern := range []string{"", "n?ws"} {
		message, err := subscriber.ReceiveMessage(t)
		if err != nil {
			return err
		}
		if err := same(message, &redis.Message{Channel: "news", Pattern: pattern, Payload: "\x00binary\xff"}); err != nil {
			return err
		}
	}
	return is(t.PubSubNumPat(t), 2)
}

func (t *tour) keyspaceNotifications() error {
	if err := t.ConfigSet(t, "notify-keyspace-events", "KEA").Err(); err != nil {
		return err
	}
	defer t.ConfigSet(t, "notify-keyspace-events", "")
	subscriber := t.PSubscribe(t, "__keyevent@0__:*")
	defer subscriber.Close()
	if _, err := subscriber.ReceiveTimeout(t, patience); err != nil {
		return err
	}
	if err := t.Set(t, "noted", "v", 20*time.Millisecond).Err(); err != nil {
		return err
	}
	for _, event := range []string{"set", "expire", "expired"} {
		message, err := subscriber.ReceiveMessage(t)
		if err != nil {
			return err
		}
		if err := same(message.Channel, "__keyevent@0__:"+event); err != nil {
			return err
		}
	}
	return nil
}

func (t *tour) errors() error {
	return errors.Join(
		fails(t.Incr(t, "greeting"), "ERR value is not an integer or out of range"),
		fails(t.Do(t, "NOSUCH"), "ERR unknown command"),
		fails(t.Do(t, "GET"), "ERR wrong number of arguments"),
		fails(t.LPush(t, "list", 1), "ERR unknown command"),
		is(t.Ping(t), "PONG"),
	)
}

func (t *tour) introspection() error {
	info, err := t.Info(t).Result()
	if err != nil {
		return err
	}
	if !strings.Contains(info, "redis_mode:standalone") {
		return fmt.Errorf("INFO tells no mode: %s", info)
	}
	commands, err := t.Command(t).Result()
	if err != nil {
		return err
	}
	conn := t.Conn()
	defer conn.Close()
	hello, err := conn.Hello(t, t.protocol, "", "", "tour").Result()
	if err != nil {
		return err
	}
	return errors.Join(
		same(commands["get"].Arity, int8(2)),
		same(hello["proto"], int64(t.protocol)),
		is(t.ConfigGet(t, "maxclients"), map[string]string{"maxclients": "10000"}),
	)
}

// access is by users with a password and few rights, on an encrypted port.
func (t *tour) access() error {
	text, err := os.ReadFile(os.Getenv("TOUR_CERTIFICATE"))
	if err != nil {
		return err
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(text)
	o := options(t.protocol)
	o.Addr = "127.0.0.1:" + os.Getenv("TOUR_TLS_PORT")
	o.TLSConfig = &tls.Config{RootCAs: authorities}
	o.Username, o.Password = "app", "secret"
	app := redis.NewClient(o)
	defer app.Close()
	wrong := *o
	wrong.Password = "wrong"
	stranger := redis.NewClient(&wrong)
	defer stranger.Close()
	return errors.Join(
		is(app.Set(t, "app:1", "v", 0), "OK"),
		is(app.Get(t, "app:1"), "v"),
		fails(app.Get(t, "other"), "NOPERM"),
		fails(app.FlushAll(t), "NOPERM"),
		fails(stranger.Ping(t), "WRONGPASS"),
	)
}

func (t *tour) unixSocket() error {
	local := redis.NewClient(&redis.Options{Network: "unix", Addr: os.Getenv("TOUR_SOCKET"), Protocol: t.protocol})
	defer local.Close()
	return errors.Join(is(local.Set(t, "by-socket", "v", 0), "OK"), is(t.Get(t, "by-socket"), "v"))
}

var runID = regexp.MustCompile(`run_id:(\w+)`)

// restart: the server ends, is started anew by who runs it, and the same client goes on.
func (t *tour) restart() error {
	if err := t.Set(t, "kept", "v", 0).Err(); err != nil {
		return err
	}
	before := runID.FindString(t.Info(t, "server").Val())
	if before == "" {
		return errors.New("INFO tells no run_id")
	}
	// By a client that does not send it again once the server is back.
	o := options(t.protocol)
	o.MaxRetries = -1
	other := redis.NewClient(o)
	defer other.Close()
	other.Shutdown(t)
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if now := runID.FindString(t.Info(t, "server").Val()); now != "" && now != before {
			break
		}
		if time.Now().After(end) {
			return errors.New("the server did not come back")
		}
	}
	return is(t.Get(t, "kept"), "v")
}
