package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// clusterTour is the cluster's client under test.
type clusterTour struct {
	context.Context
	*redis.ClusterClient
}

var clusterSteps = []struct {
	name string
	run  func(*clusterTour) error
}{
	{"topology", (*clusterTour).topology},
	{"strings", (*clusterTour).strings},
	{"counters", (*clusterTour).counters},
	{"many keys", (*clusterTour).manyKeys},
	{"pipelines", (*clusterTour).pipelines},
	{"transactions", (*clusterTour).transactions},
	{"scan", (*clusterTour).scan},
	{"slots", (*clusterTour).slots},
	{"messages", (*clusterTour).messages},
	{"expiry", (*clusterTour).expiry},
	{"errors", (*clusterTour).errors},
}

// takeClusterTour takes the tour of a cluster with both versions of the protocol, and returns how
// many steps there were.
func takeClusterTour() (steps int, err error) {
	for _, protocol := range []int{2, 3} {
		ctx, cancel := context.WithTimeout(context.Background(), 6*patience)
		defer cancel()
		t := &clusterTour{ctx, redis.NewClusterClient(clusterOptions(protocol))}
		defer t.Close()
		if err := t.FlushAll(ctx).Err(); err != nil {
			return steps, err
		}
		for _, s := range clusterSteps {
			if err := s.run(t); err != nil {
				return steps, fmt.Errorf("protocol %d: %s: %w", protocol, s.name, err)
			}
			steps++
		}
	}
	return steps, nil
}

func clusterOptions(protocol int) *redis.ClusterOptions {
	return &redis.ClusterOptions{
		Addrs: strings.Split(os.Getenv("TOUR_NODES"), ","), Protocol: protocol,
		ReadTimeout: patience, WriteTimeout: patience,
	}
}

// splitting is a client that heeds the tips of commands: it sends those about several keys to the
// nodes that serve them, and those about all keys to all nodes.
func splitting() *redis.ClusterClient {
	client := redis.NewClusterClient(clusterOptions(3))
	client.SetCommandInfoResolver(client.NewDynamicResolver())
	return client
}

// topology is told in three ways, which agree.
func (t *clusterTour) topology() error {
	slots, err := t.ClusterSlots(t).Result()
	if err != nil {
		return err
	}
	covered := 0
	for _, s := range slots {
		covered += s.End - s.Start + 1
		if err := same(len(s.Nodes), 1); err != nil {
			return err
		}
	}
	shards, err := t.ClusterShards(t).Result()
	if err != nil {
		return err
	}
	nodes, err := t.ClusterNodes(t).Result()
	if err != nil {
		return err
	}
	info, err := t.ClusterInfo(t).Result()
	if err != nil {
		return err
	}
	known := 0
	err = t.ForEachMaster(t, func(ctx context.Context, node *redis.Client) error {
		known++
		if !strings.Contains(nodes, node.Options().Addr+"@") {
			return fmt.Errorf("CLUSTER NODES lacks %s:\n%s", node.Options().Addr, nodes)
		}
		return nil
	})
	return errors.Join(
		err, same(covered, 16384), same(len(shards), len(slots)), same(strings.Contains(info, "cluster_state:ok"), true),
		is(t.ClusterKeySlot(t, "123456789"), 12739), is(t.ClusterKeySlot(t, "a{123456789}b"), 12739),
	)
}

func (t *clusterTour) strings() error {
	return errors.Join(
		is(t.Set(t, "greeting", "hello", 0), "OK"),
		is(t.SetNX(t, "greeting", "other", 0), false),
		is(t.SetArgs(t, "greeting", "HELLO", redis.SetArgs{Mode: "XX", Get: true}), "hello"),
		is(t.Append(t, "greeting", " world"), 11),
		is(t.GetRange(t, "greeting", -5, -1), "world"),
		is(t.GetDel(t, "greeting"), "HELLO world"),
		same(t.Get(t, "greeting").Err(), redis.Nil),
		is(t.Set(t, "{r}a", "v", 0), "OK"),
		is(t.Rename(t, "{r}a", "{r}b"), "OK"),
		is(t.Copy(t, "{r}b", "{r}c", 0, false), 1),
		is(t.Type(t, "{r}c"), "string"),
	)
}

// counters are in many slots, and many add to each.
func (t *clusterTour) counters() error {
	const counters, adders, times = 20, 8, 20
	var adding sync.WaitGroup
	failed := make([]error, adders)
	for i := range failed {
		adding.Go(func() {
			for n := range counters * times {
				failed[i] = errors.Join(failed[i], t.Incr(t, fmt.Sprint("counter:", n%counters)).Err())
			}
		})
	}
	adding.Wait()
	for n := range counters {
		failed = append(failed, is(t.Get(t, fmt.Sprint("counter:", n)), fmt.Sprint(adders*times)))
	}
	return errors.Join(append(failed, is(t.DecrBy(t, "counter:0", 10), adders*times-10), is(t.IncrByFloat(t, "float", 0.5), 0.5))...)
}

// manyKeys: what concerns several is done as a whole, if all are in one shard. A client may split
// what reads or deletes them, as the tips of the commands say.
func (t *clusterTour) manyKeys() error {
	split := splitting()
	defer split.Close()
	var keys []string
	var values []any
	for i := range 50 {
		keys = append(keys, fmt.Sprint("many:", i))
		values = append(values, fmt.Sprint(i))
	}
	var pairs []any
	for i, key := range keys {
		pairs = append(pairs, "{m}"+key, i)
		if err := is(t.Set(t, key, i, 0), "OK"); err != nil {
			return err
		}
	}
	return errors.Join(
		fails(t.MGet(t, keys...), "CROSSSLOT"),
		is(split.MGet(t, keys...), values),
		is(split.Exists(t, keys...), 50),
		is(split.Touch(t, keys...), 50),
		is(split.Del(t, keys[:25]...), 25),
		is(split.Unlink(t, append(keys, "none")...), 25),
		is(t.MSet(t, pairs...), "OK"),
		is(t.MGet(t, "{m}many:7", "{m}none", "{m}many:49"), []any{"7", nil, "49"}),
		is(t.MSetNX(t, "{m}new", 1, "{m}many:7", 1), false),
		is(t.Exists(t, "{m}new"), 0),
	)
}

func (t *clusterTour) pipelines() error {
	pipe := t.Pipeline()
	const times = 500
	for i := range times {
		pipe.Set(t, fmt.Sprint("pipe:", i), i, 0)
		pipe.Get(t, fmt.Sprint("pipe:", i))
		pipe.Incr(t, "pipe:count")
	}
	replies, err := pipe.Exec(t)
	if err != nil {
		return err
	}
	for i := range times {
		if err := is(replies[3*i+1].(*redis.StringCmd), fmt.Sprint(i)); err != nil {
			return err
		}
	}
	return is(t.Get(t, "pipe:count"), fmt.Sprint(times))
}

func (t *clusterTour) transactions() error {
	replies, err := t.TxPipelined(t, func(p redis.Pipeliner) error {
		p.Set(t, "{tx}a", 1, 0)
		p.Incr(t, "{tx}a")
		p.Set(t, "{tx}b", 5, 0)
		return nil
	})
	if err != nil {
		return err
	}
	watched := t.Watch(t, func(tx *redis.Tx) error {
		if err := t.Set(t, "{tx}a", 10, 0).Err(); err != nil { // by another connection
			return err
		}
		_, err := tx.TxPipelined(t, func(p redis.Pipeliner) error { return p.Set(t, "{tx}b", 11, 0).Err() })
		return err
	}, "{tx}a", "{tx}b")
	unchanged := t.Watch(t, func(tx *redis.Tx) error {
		_, err := tx.TxPipelined(t, func(p redis.Pipeliner) error { return p.Incr(t, "{tx}b").Err() })
		return err
	}, "{tx}a", "{tx}gone")
	return errors.Join(
		is(replies[1].(*redis.IntCmd), 2),
		same(watched, redis.TxFailedErr), unchanged,
		is(t.MGet(t, "{tx}a", "{tx}b"), []any{"10", "6"}),
	)
}

// scan walks the nodes one by one, each of which has its own keys.
func (t *clusterTour) scan() error {
	pipe := t.Pipeline()
	want := make([]string, 2000)
	for i := range want {
		want[i] = fmt.Sprintf("scan:%04d", i)
		pipe.Set(t, want[i], i, 0)
	}
	if _, err := pipe.Exec(t); err != nil {
		return err
	}
	var mu sync.Mutex
	var got, all []string
	nodes := 0
	err := t.ForEachMaster(t, func(ctx context.Context, node *redis.Client) error {
		keys := node.Scan(ctx, 0, "scan:*", 37).Iterator()
		mu.Lock()
		defer mu.Unlock()
		nodes++
		for keys.Next(ctx) {
			got = append(got, keys.Val())
		}
		own, err := node.Keys(ctx, "scan:*").Result()
		all = append(all, own...)
		return errors.Join(keys.Err(), err)
	})
	slices.Sort(got)
	slices.Sort(all)
	total, counted := t.DBSize(t).Result()
	return errors.Join(err, same(got, want), same(all, want), counted, same(total >= 2000 && total < 3500, true), same(nodes >= 3, true))
}

// slots tells of the keys of one.
func (t *clusterTour) slots() error {
	for i := range 5 {
		if err := is(t.Set(t, fmt.Sprint("{slot}", i), i, 0), "OK"); err != nil {
			return err
		}
	}
	slot := int(t.ClusterKeySlot(t, "slot").Val())
	return errors.Join(
		is(t.ClusterCountKeysInSlot(t, slot), 5),
		is(t.ClusterGetKeysInSlot(t, slot, 3), []string{"{slot}0", "{slot}1", "{slot}2"}),
		fails(t.ClusterCountKeysInSlot(t, 16384), "ERR Invalid slot"),
	)
}

func (t *clusterTour) messages() error {
	subscriber := t.Subscribe(t, "news")
	defer subscriber.Close()
	if err := subscriber.PSubscribe(t, "n?ws"); err != nil {
		return err
	}
	for range 2 { // is subscribed
		if _, err := subscriber.ReceiveTimeout(t, patience); err != nil {
			return err
		}
	}
	// Every node brings it to the subscriber, which one at a time may read.
	var reading sync.Mutex
	return t.ForEachMaster(t, func(ctx context.Context, node *redis.Client) error {
		reading.Lock()
		defer reading.Unlock()
		if err := node.Publish(ctx, "news", "from a node").Err(); err != nil {
			return err
		}
		for range 2 {
			message, err := subscriber.ReceiveTimeout(ctx, patience)
			if err != nil {
				return err
			}
			if err := same(message.(*redis.Message).Payload, "from a node"); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *clusterTour) expiry() error {
	err := errors.Join(
		is(t.Set(t, "short", "v", 30*time.Millisecond), "OK"),
		is(t.Set(t, "long", "v", 100*time.Second), "OK"),
		is(t.ExpireGT(t, "long", 50*time.Second), false),
		is(t.Persist(t, "long"), true),
		is(t.TTL(t, "long"), -1),
	)
	time.Sleep(50 * time.Millisecond)
	return errors.Join(err, same(t.Get(t, "short").Err(), redis.Nil))
}

func (t *clusterTour) errors() error {
	_, crossed := t.TxPipelined(t, func(p redis.Pipeliner) error {
		p.Set(t, "one", 1, 0)
		p.Set(t, "other", 1, 0)
		return nil
	})
	return errors.Join(
		fails(t.MSet(t, "one", 1, "two", 2, "three", 3), "CROSSSLOT"),
		fails(t.Rename(t, "{r}b", "{other}b"), "CROSSSLOT"),
		same(crossed != nil, true),
		is(t.Set(t, "word", "w", 0), "OK"),
		fails(t.Incr(t, "word"), "ERR value is not an integer or out of range"),
		fails(t.Do(t, "NOSUCH"), "ERR unknown command"),
		is(t.Ping(t), "PONG"),
	)
}
