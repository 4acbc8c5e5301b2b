//go:build linux

package clustertest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/mantisdb/mantisdb/internal/linearizable"
)

// redisClient speaks to one node by the Redis protocol.
type redisClient struct {
	conn net.Conn
	in   *bufio.Reader
}

// redisError is an error that the server replied.
type redisError string

func (e redisError) Error() string { return string(e) }

func dialRedis(place place, address string) (*redisClient, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	conn, err := place.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotDone, err)
	}
	return &redisClient{conn, bufio.NewReader(conn)}, nil
}

func (c *redisClient) close() { c.conn.Close() }

// command sends one, and returns its reply: a string, an int64, nil or a slice of such.
func (c *redisClient) command(args ...string) (any, error) {
	if err := c.conn.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return nil, err
	}
	text := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, arg := range args {
		text = fmt.Appendf(text, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := c.conn.Write(text); err != nil {
		return nil, err
	}
	return c.reply()
}

func (c *redisClient) reply() (any, error) {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if len(line) < len("+\r\n") {
		return nil, fmt.Errorf("the reply %q", line)
	}
	text := line[1 : len(line)-2]
	switch line[0] {
	case '+':
		return text, nil
	case '-':
		return nil, redisError(text)
	case ':':
		return strconv.ParseInt(text, 10, 64)
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return nil, err
	case n < 0:
		return nil, nil
	case line[0] == '$':
		bulk := make([]byte, n+2)
		_, err := io.ReadFull(c.in, bulk)
		return string(bulk[:n]), err
	case line[0] == '*':
		all := make([]any, n)
		for i := range all {
			if all[i], err = c.reply(); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	return nil, fmt.Errorf("the reply %q", line)
}

// redisKinds are the operations that do has a command for.
var redisKinds = []string{"get", "get", "get", "put", "put", "delete", "put-if-absent", "take", "exchange", "increment", "watched"}

// do does an operation on a key.
func (c *redisClient) do(in linearizable.KeyInput) (out linearizable.KeyOutput, err error) {
	var reply any
	switch in.Kind {
	case "get":
		reply, err = c.command("GET", in.Key)
		out.Value, out.Found = reply.(string)
	case "put":
		_, err = c.command("SET", in.Key, in.Value)
	case "delete":
		_, err = c.command("DEL", in.Key)
	case "put-if-absent":
		reply, err = c.command("SET", in.Key, in.Value, "NX")
		out.Found = reply != nil
	case "take":
		reply, err = c.command("GETDEL", in.Key)
		out.Value, out.Found = reply.(string)
	case "exchange":
		reply, err = c.command("SET", in.Key, in.Value, "GET")
		out.Value, out.Found = reply.(string)
	case "increment":
		reply, err = c.command("INCRBY", in.Key, strconv.FormatInt(in.By, 10))
		out.Number, _ = reply.(int64)
	default:
		err = fmt.Errorf("no command for %q", in.Kind)
	}
	return out, err
}

// errNotWatched says that a key had no value, or another one, at about the time at which it was
// watched.
var errNotWatched = fmt.Errorf("the key could not be watched with a value: %w", errNotDone)

// watch begins a transaction: it watches a key, and returns what that has. It must have a value
// all the time: EXEC does not notice that a key was made and removed again which was absent when
// it was watched.
func (c *redisClient) watch(key string) (out linearizable.KeyOutput, err error) {
	get := linearizable.KeyInput{Kind: "get", Key: key}
	before, err := c.do(get)
	if err != nil {
		return out, err
	}
	if _, err := c.command("WATCH", key); err != nil {
		return out, err
	}
	if out, err = c.do(get); err == nil && (!out.Found || out != before) {
		err = errNotWatched
	}
	return out, err
}

// errUnsure says that it is not known whether something was done.
var errUnsure = errors.New("not known whether it was done")

// exec puts a value if nobody else has written the key since it is watched, and tells whether
// it has. Until EXEC is sent nothing is done.
func (c *redisClient) exec(key, value string) (done bool, err error) {
	for _, args := range [][]string{{"MULTI"}, {"SET", key, value}} {
		if _, err := c.command(args...); err != nil {
			return false, fmt.Errorf("%w: %w", errNotDone, err)
		}
	}
	reply, err := c.command("EXEC")
	if err != nil {
		return false, fmt.Errorf("%w: %w", errUnsure, err)
	}
	all, ok := reply.([]any)
	if ok && (len(all) != 1 || all[0] != "OK") {
		return false, fmt.Errorf("EXEC replied %v", all)
	}
	return ok, nil
}
