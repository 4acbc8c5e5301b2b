package redis

import (
	"fmt"

	"github.com/mantisdb/mantisdb"
)

// run is a row of commands of a pipeline that go to the engine together.
type run struct {
	keys   [][]byte
	values mantisdb.Values
	value  []byte
	batch  mantisdb.Batch
	first  [3][]byte // the first command's arguments
}

// keep has the next value read into the memory of this one, unless that is much.
func (r *run) keep(value []byte) {
	if cap(value) <= keepReply {
		r.value = value[:0]
	}
}

// emptyBatch is the batch without what it had, and without its memory if that is much.
func (r *run) emptyBatch() *mantisdb.Batch {
	if r.batch.Size() > longestBatch {
		r.batch = mantisdb.Batch{}
	}
	r.batch.Reset()
	return &r.batch
}

// Bounds of a run, so that neither its replies nor its batch become long.
const (
	longestRun   = 512
	longestBatch = 1 << 20
	longestReply = 256 << 10
)

// runner takes the run that begins with args off the parser, and returns what follows
// it, as the parser's Next does.
type runner func(c *Client, args [][]byte) (next [][]byte, err error)

// runOf is what takes a run that begins with args, or nil: the usual commands in their
// usual form, where nothing that they may concern asks for more.
func (s *Server) runOf(c *Client, args [][]byte) runner {
	if c.transaction != nil || !c.mayRun() || s.pause.active() || s.slow.all() {
		return nil
	}
	if s.routing != nil {
		return s.clusterRunOf(c, args)
	}
	switch {
	case len(args) == 2 && is(args[0], "GET") && !s.notifications.wantsExistence():
		return (*Client).runGets
	case len(args) == 3 && is(args[0], "SET") && !s.notifications.any():
		return (*Client).runSets
	}
	return nil
}

// mayRun tells whether the client may send any command on strings.
func (c *Client) mayRun() bool {
	return c.unrestricted && c.replies == replyOn && c.subscriptions.count() == 0
}

// runGets answers GETs in a row: as of one moment.
func (c *Client) runGets(args [][]byte) (next [][]byte, err error) {
	r := &c.run
	r.keys = append(r.keys[:0], args[1])
	r.begin(args)
	c.lastCmd.Store(c.server.get)
	for len(r.keys) < longestRun {
		next, err = c.in.Next()
		if err != nil || len(next) != 2 || !is(next[0], "GET") {
			break
		}
		r.keys = append(r.keys, next[1])
		next = nil
	}
	failed := c.replyGets()
	c.server.accountRun(c, c.server.get, len(r.keys), failed)
	if next == nil && err == nil {
		next, err = c.in.Next()
	}
	return next, err
}

// replyGets answers for the keys of the run, and tells how many were refused.
func (c *Client) replyGets() (failed int) {
	r := &c.run
	if len(r.keys) > 1 {
		r.values.SetLimit(longestReply)
		if err := c.keyspace().MultiGetInto(&r.values, r.keys); err == nil {
			for i := range r.keys {
				if value, found := r.values.At(i); found {
					c.out.Bulk(value)
				} else {
					c.out.Null()
				}
			}
			return 0
		}
		// A key is none, or the values are long. Alone, each gets its own answer, which is
		// sent before the next is read.
	}
	for _, key := range r.keys {
		failed += c.replyGet(key)
		if len(c.out.Buf) >= sendFrom && c.flush() != nil {
			return failed // what is left cannot be sent either, as the next flush finds
		}
	}
	return failed
}

func (c *Client) replyGet(key []byte) (failed int) {
	value, err := c.keyspace().AppendGet(c.run.value[:0], key)
	if err != nil && !isNotFound(err) && c.server.renewed(c.part, err) {
		value, err = c.keyspace().AppendGet(c.run.value[:0], key)
	}
	switch {
	case err == nil:
		c.out.Bulk(value)
		c.run.keep(value)
	case isNotFound(err):
		c.out.Null()
	default:
		c.replyError(err)
		return 1
	}
	return 0
}

// runSets applies SETs in a row: as one batch, so that one sync serves all.
func (c *Client) runSets(args [][]byte) (next [][]byte, err error) {
	b := c.run.emptyBatch()
	c.run.begin(args)
	c.lastCmd.Store(c.server.set)
	n, failed := 0, error(nil)
	ks := b.In(c.keyspace())
	for {
		failed = ks.Put(args[1], args[2])
		if n == 0 && c.server.renewed(c.part, failed) {
			ks = b.In(c.keyspace())
			failed = ks.Put(args[1], args[2])
		}
		if failed != nil {
			break
		}
		n++
		if next, err = c.in.Next(); n == longestRun || b.Size() >= longestBatch ||
			err != nil || len(next) != 3 || !is(next[0], "SET") {
			break
		}
		args = next
	}
	wrong := 0
	if written := c.writeSets(n); written != nil {
		wrong = n
		for range n {
			c.replyError(written)
		}
	} else {
		for range n {
			c.out.OK()
		}
	}
	c.server.accountRun(c, c.server.set, n, wrong)
	if failed != nil {
		c.replyError(failed)
		c.server.accountRun(c, c.server.set, 1, 1)
		next, err = c.in.Next()
	}
	return next, err
}

// writeSets writes the run. One alone needs no batch.
func (c *Client) writeSets(n int) error {
	switch n {
	case 0:
		return nil
	case 1:
		return c.keyspace().PutWith(c.run.first[1], c.run.first[2], c.writes())
	}
	return c.part.db.WriteWith(&c.run.batch, c.writes())
}

// begin keeps the arguments that the run begins with, since the parser uses the slice of
// them again.
func (r *run) begin(args [][]byte) {
	r.first = [3][]byte{}
	copy(r.first[:], args)
}

// firstArgs are the arguments of the first of n commands, and how many others there are.
func (r *run) firstArgs(n int) [][]byte {
	args := make([][]byte, 0, len(r.first)+1)
	for _, arg := range r.first {
		if arg != nil {
			args = append(args, arg)
		}
	}
	if n > 1 {
		args = append(args, fmt.Appendf(nil, "... (%d more commands of the pipeline)", n-1))
	}
	return args
}

// replyError replies an error, and counts it.
func (c *Client) replyError(err error) {
	text := replyOf(err)
	c.server.errors.count(text)
	c.out.Error(text)
}
