package crashtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/mantisdb/mantisdb"
)

// libraryRole is what a process is told that opens a database as a library and
// writes to it until it is killed.
type libraryRole struct {
	Dir, Engine string
	Durability  mantisdb.Durability
	MemoryLimit uint64
	Applies     bool // see apply
}

// message is a line of such a process. Of a key that it found, the key and its
// count; of a write that was acknowledged, the client and its count; what is
// wrong; or that it has told all that it found.
type message struct {
	Key    string `json:",omitempty"`
	Client int    `json:",omitempty"`
	Count  uint64 `json:",omitempty"`
	Wrong  string `json:",omitempty"`
	Ready  bool   `json:",omitempty"`
}

// teller writes messages, each in one piece, so that one that was written is
// read also after a kill.
type teller struct {
	mu  sync.Mutex
	out io.Writer
}

func (t *teller) tell(m message) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	_, err = t.out.Write(append(line, '\n'))
	return err
}

// run tells what it finds, reads from in where each client goes on, and writes
// until the process is killed. It returns only if something is wrong.
func (r libraryRole) run(in io.Reader, out io.Writer) error {
	if r.Applies {
		return r.apply(out)
	}
	t := &teller{out: out}
	db, err := mantisdb.Open(r.Dir, &mantisdb.Options{Engine: r.Engine, Durability: r.Durability, MemoryLimit: r.MemoryLimit})
	if err != nil {
		return err
	}
	scan := db.Scan(mantisdb.Range{})
	for key, value := range scan.All() {
		n, err := countOf(string(key), value)
		if err != nil {
			return err
		}
		if err := t.tell(message{Key: string(key), Count: n}); err != nil {
			return err
		}
	}
	if err := scan.Err(); err != nil {
		return err
	}
	if err := t.tell(message{Ready: true}); err != nil {
		return err
	}
	var goOn [clients]uint64
	if err := json.NewDecoder(bufio.NewReader(in)).Decode(&goOn); err != nil {
		return fmt.Errorf("told nothing: %w", err)
	}
	failed := make(chan error)
	for client, last := range goOn {
		go func() { failed <- writeForever(db, t, client, last) }()
	}
	return <-failed
}

// writeForever does the writes of a client behind the last one.
func writeForever(db *mantisdb.DB, t *teller, client int, last uint64) error {
	for n := last + 1; ; n++ {
		if err := libraryWrite(db, writeOf(client, n)); err != nil {
			return err
		}
		if err := t.tell(message{Client: client, Count: n}); err != nil {
			return err
		}
	}
}

func libraryWrite(db *mantisdb.DB, w write) error {
	if len(w.keys) > 1 {
		b, err := w.batch()
		if err != nil {
			return err
		}
		return db.Write(b)
	}
	key := []byte(w.keys[0])
	if w.delete {
		return db.Delete(key)
	}
	return db.Put(key, w.value(w.keys[0]))
}
