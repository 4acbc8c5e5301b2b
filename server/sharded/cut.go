package sharded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"sync"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
)

// cutHeld is how long a shard's writes wait for the cuts of the others at most. After that they
// go on, and there is no cut.
const cutHeld = time.Second

// CutPath is where, below PeerPath, a node that leads a shard is asked for a cut by POST. While the
// body of the request goes on, the shard's writes wait: the interim answer 102 says from when. When
// the body has ended, the answer is a backup of the shard as it was then, or why there is none.
const CutPath = "/cut"

// Cutter is a Member that has its shards be cut.
type Cutter interface {
	// Cut makes a cut of a shard that this node leads, whose writes wait for so long at most;
	// else it is cluster.ErrNotLeader.
	Cut(shard int, most time.Duration) (cluster.Cut, error)
}

// Cut makes a cut of a shard that this node leads.
func (s *Store) Cut(shard int) (cluster.Cut, error) {
	cutter, ok := s.member.(Cutter)
	if !ok {
		return nil, unsupported("to have writes wait")
	}
	return cutter.Cut(shard, cutHeld)
}

// heldCut is a cut of a shard, wherever that is led.
type heldCut interface {
	// backUp lets writes go on, and returns a backup of the shard, if the cut held until the
	// call.
	backUp(ctx context.Context) (io.Reader, error)
	// close ends all that is under way.
	close()
}

// cutAt makes a cut of a shard where a route leads. What it begins ends with ctx.
func (s *Store) cutAt(ctx context.Context, shard int, route *cluster.Route) (heldCut, error) {
	if route.DB == nil {
		return s.cutRemote(ctx, shard, route)
	}
	cut, err := s.Cut(shard)
	if err != nil {
		return nil, err
	}
	return &localCut{cut: cut}, nil
}

// localCut is a cut of a shard that this node leads.
type localCut struct {
	cut     cluster.Cut
	from    *io.PipeReader // nil before backUp
	writing sync.WaitGroup
}

func (c *localCut) backUp(ctx context.Context) (io.Reader, error) {
	if err := c.cut.Resume(); err != nil {
		return nil, err
	}
	from, to := io.Pipe()
	c.from = from
	c.writing.Go(func() {
		_, err := mantisdb.BackupSnapshot(ctx, c.cut.Snapshot(), to)
		to.CloseWithError(err)
	})
	return from, nil
}

func (c *localCut) close() {
	if c.from != nil {
		c.from.Close()
	}
	c.writing.Wait()
	_ = c.cut.Close() // of what was read there is nothing to be told any more
}

// remoteCut is a cut of a shard that another node leads: a request for one.
type remoteCut struct {
	body     *io.PipeWriter // of the request
	end      context.CancelFunc
	answered chan answer // has room for the one
	answer   *http.Response
}

// answer is one, or why there is none.
type answer struct {
	*http.Response
	err error
}

// cutRemote returns once the peer has told that it holds the shard's writes.
func (s *Store) cutRemote(ctx context.Context, shard int, route *cluster.Route) (_ heldCut, err error) {
	ctx, end := context.WithCancel(ctx)
	from, body := io.Pipe()
	c := &remoteCut{body: body, end: end, answered: make(chan answer, 1)}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	held := make(chan struct{}, 1)
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
		if code == http.StatusProcessing {
			select {
			case held <- struct{}{}:
			default:
			}
		}
		return nil
	}}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodPost, "http://"+route.Peer+PeerPath(shard)+CutPath, from)
	if err != nil {
		return nil, err
	}
	go func() {
		resp, err := s.peers.Do(request)
		c.answered <- answer{resp, err}
	}()
	select {
	case <-held:
		return c, nil
	case a := <-c.answered:
		return nil, c.refusal(a)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// refusal is why an answer is no backup; nil if it is one.
func (c *remoteCut) refusal(a answer) error {
	if a.err != nil {
		return unserved{a.err}
	}
	c.answer = a.Response
	switch a.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusMisdirectedRequest:
		return cluster.ErrNotLeader
	}
	return refusal(a.Response)
}

func (c *remoteCut) backUp(ctx context.Context) (io.Reader, error) {
	c.body.Close()
	select {
	case a := <-c.answered:
		if err := c.refusal(a); err != nil {
			return nil, err
		}
		return c.answer.Body, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (c *remoteCut) close() {
	c.body.CloseWithError(errors.New("the cut is not wanted any more"))
	c.end()
	if c.answer != nil {
		c.answer.Body.Close()
	}
}

// moment is cuts of all shards that were held at one moment.
type moment struct {
	cuts    []heldCut
	backups []io.Reader
	end     context.CancelFunc
}

// close ends all that is under way.
func (m *moment) close() {
	m.end()
	for _, c := range m.cuts {
		if c != nil {
			c.close()
		}
	}
}

// cutAll makes cuts of all shards that are held at one moment: that at which the last of them is
// made, if after it all are still held.
func (s *Store) cutAll(ctx context.Context) (_ *moment, err error) {
	ctx, end := context.WithCancel(ctx)
	m := &moment{cuts: make([]heldCut, s.shards()), backups: make([]io.Reader, s.shards()), end: end}
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	cut := func(wait context.Context, shard int) error {
		return s.At(wait, shard, func(route *cluster.Route) (err error) {
			m.cuts[shard], err = s.cutAt(ctx, shard, route)
			return err
		})
	}
	// One before the others, so that of two that do this at once one waits here, and they do
	// not wait for each other elsewhere.
	if err := cut(ctx, firstShard); err != nil {
		return nil, err
	}
	if err := each(ctx, firstShard+1, len(m.cuts), cut); err != nil {
		return nil, err
	}
	return m, each(ctx, 0, len(m.cuts), func(_ context.Context, shard int) (err error) {
		if m.backups[shard], err = m.cuts[shard].backUp(ctx); err != nil {
			err = fmt.Errorf("shard %d: %w", shard, err)
		}
		return err
	})
}
