//go:build linux

package clustertest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/internal/linearizable"
)

// clients is how many work at the same time.
const clients = 16

// Clients wait so long at most between operations, and after one that failed.
const (
	mostPause    = 4 * time.Millisecond
	pauseOfError = 20 * time.Millisecond
)

// workload is what clients do to nodes, each over both protocols and with a node at random
// for each operation, until it is stopped.
type workload struct {
	*running
	registers *registers
	ledger    *ledger
	stale     staleReads
	end       chan struct{}
	all       sync.WaitGroup

	done, failed, unknown atomic.Int64
}

// work begins a workload.
func (r *running) work(seed uint64) *workload {
	w := &workload{running: r, registers: newRegisters("register"), ledger: newLedger("ledger", clients), end: make(chan struct{})}
	for id := range clients {
		c := &client{workload: w, id: id, rng: rand.New(rand.NewPCG(seed, uint64(id))), redis: make(map[string]*redisClient), seen: make(map[string]uint64)}
		w.all.Go(c.work)
	}
	return w
}

// stop ends the workload.
func (w *workload) stop() {
	close(w.end)
	w.all.Wait()
	w.t.Logf("%d operations were done, %d were not, and of %d nobody knows; %d acknowledged writes of their own key, %d registers; of reads that might be stale, replicas have answered %d and leaders %d",
		w.done.Load(), w.failed.Load(), w.unknown.Load(), w.ledger.acknowledged(), w.registers.made, w.stale.local, w.stale.passedOn)
}

// check fails the test if anything that clients were told was wrong.
func (w *workload) check() {
	w.t.Helper()
	if w.done.Load() == 0 {
		w.t.Fatal("nothing was ever done")
	}
	linearizable.Check(w.t, linearizable.KeyModel, w.registers.history)
	var found map[string]string
	w.await("scan of all that was put", func() (err error) {
		found, err = w.client(w.nodes[0].client()).scan(w.ledger.name + "/")
		return err
	})
	for _, err := range []error{w.ledger.check(found), w.stale.check()} {
		if err != nil {
			w.t.Error(err)
		}
	}
}

func (r *running) client(address string) *httpClient {
	return &httpClient{"http://" + address, r.http}
}

// client is one of those that work.
type client struct {
	*workload
	id      int
	rng     *rand.Rand
	redis   map[string]*redisClient // by address
	seen    map[string]uint64       // versions of registers
	numbers int
}

func (c *client) work() {
	defer func() {
		for _, conn := range c.redis {
			conn.close()
		}
	}()
	for {
		err := c.step()
		pause := time.Duration(c.rng.Int64N(int64(mostPause)))
		switch {
		case err == nil:
			c.done.Add(1)
		case notDone(err):
			c.failed.Add(1)
			pause = pauseOfError
		default:
			c.unknown.Add(1)
			pause = pauseOfError
		}
		select {
		case <-c.end:
			return
		case <-time.After(pause):
		}
	}
}

// step does one thing: a third are writes of the ledger, and some are reads of it that may be stale.
func (c *client) step() error {
	address := c.nodes[c.rng.IntN(len(c.nodes))].client()
	overRedis := c.rng.IntN(2) == 0
	if c.rng.IntN(3) == 0 {
		return c.ledger.write(c.id, func(key, value string) error {
			_, err := c.do(address, overRedis, linearizable.KeyInput{Kind: "put", Key: key, Value: value})
			return err
		})
	}
	if c.rng.IntN(6) == 0 {
		return c.readStale(address)
	}
	in := c.input(overRedis)
	if in.Kind == "watched" {
		return c.watched(address, in)
	}
	out, err := c.registers.record(c.id, in, func() (linearizable.KeyOutput, error) { return c.do(address, overRedis, in) })
	if err == nil && (in.Kind == "get-meta" || out.Version != 0) {
		c.seen[in.Key] = out.Version
	}
	return err
}

// input makes up an operation on a register. All values are numbers, and each is put once.
func (c *client) input(overRedis bool) linearizable.KeyInput {
	kinds := httpKinds
	if overRedis {
		kinds = redisKinds
	}
	const mostOperations, room = 1_000_000_000, 1000 // room is for increments
	c.numbers++
	key := c.registers.pick(c.rng.IntN(registersInUse))
	value := (c.id*mostOperations + c.numbers) * room
	return linearizable.KeyInput{
		Kind: kinds[c.rng.IntN(len(kinds))], Key: key, Value: strconv.Itoa(value),
		// What others may have put last, with luck.
		Expected: strconv.Itoa(value - room), Version: c.seen[key], By: 1 + c.rng.Int64N(3),
	}
}

// do does an operation.
func (c *client) do(address string, overRedis bool, in linearizable.KeyInput) (out linearizable.KeyOutput, err error) {
	if !overRedis {
		return c.workload.client(address).do(in)
	}
	err = c.withRedis(address, func(conn *redisClient) (err error) {
		out, err = conn.do(in)
		return err
	})
	return out, err
}

// withRedis does something with a connection, which is closed after an error.
func (c *client) withRedis(address string, do func(*redisClient) error) error {
	conn := c.redis[address]
	if conn == nil {
		var err error
		if conn, err = dialRedis(c.place, address); err != nil {
			return err
		}
		c.redis[address] = conn
	}
	err := do(conn)
	if err != nil {
		conn.close()
		delete(c.redis, address)
	}
	return err
}

// watched reads a register and puts a value if it is still as it was: by WATCH, MULTI and
// EXEC. In a history those are a read and a swap. That the swap did not happen tells nothing,
// since the key may have been written with the same value.
func (c *client) watched(address string, in linearizable.KeyInput) error {
	return c.withRedis(address, func(conn *redisClient) error {
		get := linearizable.KeyInput{Kind: "get", Key: in.Key}
		was, err := c.registers.record(c.id, get, func() (linearizable.KeyOutput, error) { return conn.watch(in.Key) })
		if err != nil {
			return fmt.Errorf("%w: %w", errNotDone, err)
		}
		in.Kind, in.Expected = "compare-value", was.Value
		_, err = c.registers.record(c.id, in, func() (out linearizable.KeyOutput, err error) {
			out.Found, err = conn.exec(in.Key, in.Value)
			if err == nil && !out.Found {
				err = errWatchedChanged
			}
			return out, err
		})
		if errors.Is(err, errWatchedChanged) {
			return nil
		}
		return err
	})
}

// errWatchedChanged says that EXEC did nothing since what was watched has changed.
var errWatchedChanged = fmt.Errorf("%w: what was watched has changed", errNotDone)
