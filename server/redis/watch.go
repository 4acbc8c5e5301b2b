package redis

import (
	"errors"
	"fmt"

	"github.com/mantisdb/mantisdb"
)

// watchedKeys are the keys that a client watches, and the version that each had at WATCH,
// 0 if there was none. A key that has the same when EXEC commits was not changed, but for
// one that was made and removed again in between: what is absent has no version.
type watchedKeys struct {
	versions map[watchedKey]uint64
	bytes    int // that they take
}

type watchedKey struct {
	database int
	key      string
}

// errWatched ends EXEC if a watched key has changed.
var errWatched = errors.New("redis: a watched key has changed")

// watchedOverhead is what a watched key takes beyond its bytes, roughly.
const watchedOverhead = 96

// add watches a key as of a version. The first one counts.
func (w *watchedKeys) add(key watchedKey, version uint64) {
	if w.versions == nil {
		w.versions = map[watchedKey]uint64{}
	}
	w.versions[key] = version
	w.bytes += len(key.key) + watchedOverhead
}

func watch(r *Request) error {
	c := r.client
	if c.transaction != nil {
		return Error("ERR WATCH inside MULTI is not allowed")
	}
	if r.server.routing != nil {
		return r.watchInCluster()
	}
	for _, arg := range r.args[1:] {
		version, err := r.versionHere(arg)
		if err == nil {
			err = r.watchAs(arg, version)
		}
		if err != nil {
			return err
		}
	}
	r.out.OK()
	return nil
}

// watchInCluster is WATCH of keys that are served anywhere. Once another node serves the shard,
// the versions are none of its, and EXEC is refused as after a change.
func (r *Request) watchInCluster() error {
	keys := r.args[1:]
	versions, err := r.versionsOf(keys)
	if err != nil {
		return err
	}
	for i, key := range keys {
		if err := r.watchAs(key, versions[i]); err != nil {
			return err
		}
	}
	r.out.OK()
	return nil
}

// watchAs watches a key as of a version, unless it is watched already.
func (r *Request) watchAs(name []byte, version uint64) error {
	c := r.client
	key := watchedKey{c.database, string(name)}
	if _, watches := c.watched.versions[key]; watches {
		return nil
	}
	if most := r.server.limits().MaxTransaction; c.watched.bytes+len(name)+watchedOverhead > most {
		return Error(fmt.Sprintf("ERR the watched keys take more than %d bytes", most))
	}
	c.watched.add(key, version)
	return nil
}

func unwatch(r *Request) error {
	r.client.watched = watchedKeys{}
	r.out.OK()
	return nil
}

// check is errWatched if a watched key has not the version that it had. The keys are read
// in the transaction, so that a change up to its very commit is found.
func (w *watchedKeys) check(tx *mantisdb.Tx, r *Request) error {
	for key, version := range w.versions {
		value, meta, err := tx.In(r.at(key.database)).AppendGetMeta(r.client.run.value[:0], []byte(key.key))
		r.client.run.keep(value)
		if err != nil && !isNotFound(err) {
			return err
		}
		if meta.Version != version {
			return errWatched
		}
	}
	return nil
}
