package redis

import (
	"context"
	"errors"
	"time"

	"github.com/mantisdb/mantisdb"
)

// expiryFollower publishes which keys of a database expire. It knows of them by one walk
// over the database, and by its changes from before that walk on: so what it knows of a
// key is the newest once it has seen all changes that there are, however the walk and the
// changes fell together. Only then it looks for what is due.
type expiryFollower struct {
	server *Server
	part   *part
	ks     *mantisdb.Keyspace
	watch  *mantisdb.Watch
	queue  expiryQueue
	value  []byte
}

// expiryRoom is how many bytes a database's keys may take that wait to expire. If there
// are more, those that expire last are left out, and the database is walked again when
// most of the others have expired. If so many expire together that their time has come
// before that, it is not published of them.
const expiryRoom = 16 << 20

// expiryPiece is how many keys are walked at once, between which changes are looked at,
// so that these need not be kept for long.
const expiryPiece = 1000

// watchAnew begins to watch, and knows nothing yet.
func (f *expiryFollower) watchAnew() (err error) {
	f.queue.reset()
	f.watch, err = f.ks.Watch(mantisdb.Range{KeysOnly: true}, 0)
	return err
}

// run publishes until ctx ends, or the database does.
func (f *expiryFollower) run(ctx context.Context) {
	for {
		err := f.follow(ctx)
		f.watch.Close()
		if errors.Is(err, mantisdb.ErrWatchTooSlow) {
			f.server.logger.Warn("changes came faster than they could be looked at: expired keys may not have been told of", "keyspace", f.ks.Name())
			err = f.watchAnew()
			if err == nil {
				continue
			}
		}
		if ctx.Err() == nil && !isGone(err) && !errors.Is(err, mantisdb.ErrKeyspaceDropped) {
			f.server.logger.Error("keys that expire are not told of any more", "keyspace", f.ks.Name(), "error", err.Error())
		}
		return
	}
}

// follow returns with an error only.
func (f *expiryFollower) follow(ctx context.Context) error {
	for {
		if f.queue.incomplete() {
			if err := f.walk(ctx); err != nil {
				return err
			}
		}
		if err := f.await(ctx); err != nil {
			return err
		}
		if err := f.publishDue(); err != nil {
			return err
		}
	}
}

// walk finds all keys that expire. What is known of keys stays: some may be due by now.
func (f *expiryFollower) walk(ctx context.Context) error {
	f.queue.walked, f.queue.horizon = true, 0
	var next []byte
	for {
		keys := 0
		scan := f.ks.Scan(mantisdb.Range{Start: next, KeysOnly: true})
		for e := range scan.Entries() {
			if e.ExpiresAt != 0 {
				f.queue.put(e.Key, e.ExpiresAt)
			}
			next = append(append(next[:0], e.Key...), 0)
			if keys++; keys == expiryPiece {
				break
			}
		}
		if err := scan.Err(); err != nil {
			return err
		}
		if err := f.take(ctx, hasEnded); err != nil {
			return err
		}
		if keys < expiryPiece {
			return nil
		}
		if err := f.publishDue(); err != nil {
			return err
		}
	}
}

// await looks at changes until something is due and no change is left.
func (f *expiryFollower) await(ctx context.Context) error {
	for {
		at, any := f.queue.next()
		if !any {
			if err := f.take(ctx, ctx); err != nil {
				return err
			}
			continue
		}
		until, cancel := context.WithDeadline(ctx, time.UnixMilli(at))
		err := f.take(ctx, until)
		due := until.Err() != nil
		cancel()
		if err != nil || due {
			return err
		}
	}
}

// take looks at changes until there is none left when until ends, or until another key is
// the next to expire. An error is that of the watch, or of ctx.
func (f *expiryFollower) take(ctx, until context.Context) error {
	before, _ := f.queue.next()
	looked := f.watch.Reached()
	for {
		change, err := f.watch.Next(until)
		switch reached := f.watch.Reached(); {
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil && until.Err() != nil && errors.Is(err, until.Err()):
			if reached == looked {
				return nil
			}
			looked = reached // at a part of what is there, perhaps
			continue
		case err != nil:
			return err
		}
		f.apply(&change)
		if after, _ := f.queue.next(); after != before && until.Err() == nil {
			return nil
		}
	}
}

// hasEnded is a context with which Next only looks.
var hasEnded = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (f *expiryFollower) apply(c *mantisdb.Change) {
	switch {
	case c.Kind == mantisdb.ChangeDeleteRange:
		f.queue.removeRange(c.Key, c.End)
	case c.Kind == mantisdb.ChangePut && c.ExpiresAt != 0:
		f.queue.put(c.Key, c.ExpiresAt)
	default:
		f.queue.remove(c.Key)
	}
}

// publishDue publishes the keys whose time has come. One that is there again is left to
// the change that has brought it.
func (f *expiryFollower) publishDue() error {
	for {
		now := time.Now().UnixMilli()
		at, any := f.queue.next()
		if !any || at > now {
			return nil
		}
		key := f.queue.pop()
		value, meta, err := f.ks.AppendGetMeta(f.value[:0], []byte(key))
		switch {
		case err == nil && meta.ExpiresAt != 0 && meta.ExpiresAt <= now:
			// The engine's clock is not there yet.
			f.queue.put([]byte(key), now+1)
		case isNotFound(err):
			f.publish(key)
		case err != nil:
			return err
		}
		if cap(value) <= keepReply {
			f.value = value
		}
	}
}

// publish tells of a key by the number that its database has now.
func (f *expiryFollower) publish(key string) {
	for number := range databaseCount {
		if f.part.at(number) == f.ks {
			f.server.publishEvent(nil, &event{notifyExpired, "expired", key, number})
			return
		}
	}
}
