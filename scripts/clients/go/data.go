package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

func (t *tour) strings() error {
	return errors.Join(
		is(t.Set(t, "greeting", "hello", 0), "OK"),
		is(t.SetNX(t, "greeting", "other", 0), false),
		is(t.SetArgs(t, "greeting", "HELLO", redis.SetArgs{Mode: "XX", Get: true}), "hello"),
		is(t.Append(t, "greeting", " world"), 11),
		is(t.GetRange(t, "greeting", -5, -1), "world"),
		is(t.MSet(t, "a", 1, "b", 2), "OK"),
		is(t.MGet(t, "a", "none", "b"), []any{"1", nil, "2"}),
		is(t.IncrBy(t, "a", 41), 42),
		is(t.IncrByFloat(t, "b", 0.5), 2.5),
		is(t.GetDel(t, "a"), "42"),
		is(t.Exists(t, "a", "b"), 1),
		is(t.Rename(t, "b", "renamed"), "OK"),
		is(t.Copy(t, "renamed", "copied", 0, false), 1),
		is(t.Type(t, "copied"), "string"),
		is(t.Del(t, "copied", "none"), 1),
		same(t.Get(t, "none").Err(), redis.Nil),
	)
}

func (t *tour) bits() error {
	return errors.Join(
		is(t.SetBit(t, "bits", 7, 1), 0),
		is(t.GetBit(t, "bits", 7), 1),
		is(t.BitCount(t, "bits", nil), 1),
		is(t.BitPos(t, "bits", 1), 7),
		is(t.BitOpNot(t, "others", "bits"), 1),
		is(t.Get(t, "others"), "\xfe"),
		is(t.BitField(t, "field", "SET", "u8", "0", "250", "OVERFLOW", "SAT", "INCRBY", "u8", "0", "10"), []int64{0, 255}),
	)
}

func (t *tour) expiry() error {
	err := errors.Join(
		is(t.Set(t, "short", "v", 30*time.Millisecond), "OK"),
		is(t.Set(t, "long", "v", 100*time.Second), "OK"),
		is(t.ExpireGT(t, "long", 50*time.Second), false),
		is(t.ExpireAt(t, "long", time.Unix(4102444800, 0)), true),
		is(t.ExpireTime(t, "long"), 4102444800*time.Second),
		is(t.Persist(t, "long"), true),
		is(t.TTL(t, "long"), -1),
	)
	time.Sleep(50 * time.Millisecond)
	return errors.Join(err, same(t.Get(t, "short").Err(), redis.Nil))
}

func (t *tour) scan() error {
	pipe := t.Pipeline()
	for i := range 2000 {
		pipe.Set(t, fmt.Sprintf("scan:%04d", i), i, 0)
	}
	if _, err := pipe.Exec(t); err != nil {
		return err
	}
	next := 1000
	keys := t.Scan(t, 0, "scan:1*", 37).Iterator()
	for ; keys.Next(t); next++ {
		if err := same(keys.Val(), fmt.Sprintf("scan:%04d", next)); err != nil {
			return err
		}
	}
	return errors.Join(keys.Err(), same(next, 2000))
}

func (t *tour) largeAndBinary() error {
	large := make([]byte, 16<<20)
	rand.Read(large)
	if err := is(t.Set(t, "large", large, 0), "OK"); err != nil {
		return err
	}
	if got, err := t.Get(t, "large").Bytes(); err != nil || !bytes.Equal(got, large) {
		return fmt.Errorf("a large value came back as %d bytes, %w", len(got), err)
	}
	var every []byte
	for b := range 256 {
		every = append(every, byte(b))
	}
	return errors.Join(
		is(t.Del(t, "large"), 1),
		is(t.Set(t, string(every), every, 0), "OK"),
		is(t.Get(t, string(every)), string(every)),
		is(t.Set(t, "empty", "", 0), "OK"),
		is(t.Get(t, "empty"), ""),
	)
}

func (t *tour) pipelines() error {
	pipe := t.Pipeline()
	for i := range 10_000 {
		pipe.Set(t, fmt.Sprint("pipe:", i), i, 0)
		pipe.Get(t, fmt.Sprint("pipe:", i))
		pipe.Incr(t, "pipe:count")
	}
	replies, err := pipe.Exec(t)
	if err != nil {
		return err
	}
	for i := range 10_000 {
		if err := is(replies[3*i+1].(*redis.StringCmd), fmt.Sprint(i)); err != nil {
			return err
		}
	}
	return is(replies[len(replies)-1].(*redis.IntCmd), 10_000)
}

// goroutines share the client, and its pool of connections.
func (t *tour) goroutines() error {
	var adders sync.WaitGroup
	for range 16 {
		adders.Go(func() {
			for range 250 {
				t.Incr(t, "shared")
			}
		})
	}
	adders.Wait()
	return is(t.Get(t, "shared"), "4000")
}
