package replica_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/cluster/replica"
	"github.com/mantisdb/mantisdb/storage"
)

// follow is the replica as it is.
func follow(t *testing.T, l *leading) *replica.Follower {
	t.Helper()
	f, err := l.replica.Follow()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFollowerReads(t *testing.T) {
	l, g := lead(t, t.TempDir())
	defer l.Close()
	put(t, l, "a", "1")
	f := follow(t, l)
	put(t, l, "b", "2")
	asked := g.asked.Load()
	if value, err := f.AppendGet([]byte("="), []byte("b")); string(value) != "=2" || err != nil {
		t.Errorf("AppendGet: %q, %v", value, err)
	}
	if value, err := f.AppendGet([]byte("="), []byte("c")); string(value) != "=" || !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("AppendGet of what there is not: %q, %v", value, err)
	}
	if has, err := f.Has([]byte("a")); !has || err != nil {
		t.Errorf("Has: %v, %v", has, err)
	}
	var values storage.Values
	if err := f.MultiGet([][]byte{[]byte("a"), []byte("b")}, &values); err != nil || values.Len() != 2 {
		t.Errorf("MultiGet: %d, %v", values.Len(), err)
	}
	cursor, err := f.Scan(storage.Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer cursor.Close()
	var keys [][]byte
	for cursor.Next() {
		keys = append(keys, bytes.Clone(cursor.Key()))
	}
	if got := string(bytes.Join(keys, []byte(" "))); got != "a b" {
		t.Errorf("Scan: %q", got)
	}
	if n := g.asked.Load() - asked; n != 0 {
		t.Errorf("the group was asked %d times", n)
	}
}

// What is read of a follower is no condition that holds, and nothing is written by it.
func TestAFollowerWritesNothing(t *testing.T) {
	l, _ := lead(t, t.TempDir())
	defer l.Close()
	put(t, l, "key", "value")
	f := follow(t, l)
	_, meta, err := f.AppendGetMeta(nil, []byte("key"))
	if err != nil || meta.Version == 0 {
		t.Fatalf("the version is %d, %v", meta.Version, err)
	}
	m := storage.Modification{Kind: storage.CompareVersion, Version: meta.Version, Value: []byte("new")}
	if _, done, err := l.Modify(nil, []byte("key"), m, storage.WriteOptions{}); err != nil || done.Version != 0 {
		t.Errorf("a write upon a follower's version: %+v, %v", done, err)
	}
	snap, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	b := new(storage.Batch)
	b.Put([]byte("key"), []byte("new"), 0)
	_, put := f.Put([]byte("key"), []byte("new"), storage.WriteOptions{})
	_, write := f.Write(b, storage.WriteOptions{})
	_, writeIf := snap.WriteIf(b, new(storage.ReadSet), storage.WriteOptions{})
	for _, err := range []error{put, write, writeIf} {
		if !errors.Is(err, cluster.ErrNotLeader) {
			t.Errorf("a write: %v", err)
		}
	}
	if value, err := l.AppendGet(nil, []byte("key")); string(value) != "value" || err != nil {
		t.Errorf("the value is %q, %v", value, err)
	}
}

// A database upon a follower knows the keyspaces of its time, and tells when there are others.
func TestAFollowerEndsWithItsCatalog(t *testing.T) {
	l, _ := lead(t, t.TempDir())
	defer l.Close()
	led, err := mantisdb.OpenEngine(l.Leader, nil)
	if err != nil {
		t.Fatal(err)
	}
	change := map[string]func() error{
		"a creation": func() error {
			_, err := led.CreateKeyspace("named", mantisdb.KeyspaceOptions{})
			return err
		},
		"a drop": func() error { return led.DropKeyspace("named") },
	}
	for _, what := range []string{"a creation", "a drop"} {
		f := follow(t, l)
		db, err := mantisdb.OpenReadOnly(f, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := led.Put([]byte("key"), []byte(what)); err != nil {
			t.Fatal(err)
		}
		if value, err := db.Get([]byte("key")); string(value) != what || err != nil {
			t.Errorf("before %s: %q, %v", what, value, err)
		}
		if err := change[what](); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Get([]byte("key")); !errors.Is(err, cluster.ErrNotLeader) {
			t.Errorf("after %s: %v", what, err)
		}
		if _, err := db.Snapshot(); !errors.Is(err, cluster.ErrNotLeader) {
			t.Errorf("a snapshot after %s: %v", what, err)
		}
	}
	db, err := mantisdb.OpenReadOnly(follow(t, l), nil)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := db.Keyspaces(); len(list) != 0 || err != nil {
		t.Errorf("at last: %v, %v", list, err)
	}
}

// A snapshot that replaces the data of a replica may have another catalog.
func TestAFollowerEndsWithASnapshot(t *testing.T) {
	l, _ := lead(t, t.TempDir())
	defer l.Close()
	put(t, l, "key", "value")
	f := follow(t, l)
	dir, err := l.replica.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	var sent bytes.Buffer
	if err := l.replica.Save(dir, &sent); err != nil {
		t.Fatal(err)
	}
	if err := l.replica.Restore(&sent); err != nil {
		t.Fatal(err)
	}
	if _, err := f.AppendGet(nil, []byte("key")); !errors.Is(err, cluster.ErrNotLeader) {
		t.Errorf("a read afterwards: %v", err)
	}
	if value, err := follow(t, l).AppendGet(nil, []byte("key")); string(value) != "value" || err != nil {
		t.Errorf("a new one reads %q, %v", value, err)
	}
}

// A batch is seen whole or not at all, and what is seen does not go back.
func TestAFollowerSeesBatchesWhole(t *testing.T) {
	l, _ := lead(t, t.TempDir())
	defer l.Close()
	f := follow(t, l)
	const batches = 500
	stop := make(chan struct{})
	var reading sync.WaitGroup
	defer reading.Wait()
	for range 2 {
		reading.Go(func() {
			var values storage.Values
			last := ""
			for {
				if err := f.MultiGet([][]byte{[]byte("a"), []byte("b")}, &values); err != nil {
					t.Error(err)
					return
				}
				a, _ := values.At(0)
				b, _ := values.At(1)
				if string(a) != string(b) || string(a) < last {
					t.Errorf("read %q and %q after %q", a, b, last)
					return
				}
				last = string(a)
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	defer close(stop)
	for i := range batches {
		value := fmt.Appendf(nil, "%05d", i)
		b := new(storage.Batch)
		b.Put([]byte("a"), value, 0)
		b.Put([]byte("b"), value, 0)
		if _, err := l.Write(b, storage.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}
