package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// watchChunk is how much of a stream is gathered before it is written, if there is more.
const watchChunk = 32 << 10

// watchRequest is what a client asks of a watch.
type watchRequest struct {
	r        mantisdb.Range
	after    server.Position
	encoding wire.Encoding
}

func parseWatch(r *http.Request) (watchRequest, error) {
	query := parseParams(r.URL.RawQuery, "prefix", "start", "end", "from", "after", "keys_only", "encoding")
	req := watchRequest{
		after:    server.PositionBefore(query.positive("from")),
		encoding: parsed(&query, "encoding", wire.ParseEncoding),
	}
	if after := query.bytes("after"); after != nil {
		if req.after != "" {
			query.fail("after", errors.New("it and from exclude each other"))
		}
		req.after = server.Position(after)
	}
	bounds := boundsOf(&query)
	req.r = bounds.Range()
	req.r.KeysOnly = query.flag("keys_only")
	if err := query.err(); err != nil {
		return req, err
	}
	// A browser that connects again repeats its first request, and adds this.
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		req.after = server.Position(id)
	}
	return req, nil
}

// watch streams the changes of a keyspace as server-sent events until the client goes,
// or the server.
func (h *Handler) watch(w http.ResponseWriter, r *http.Request, ks server.Keyspace) error {
	req, err := parseWatch(r)
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		setStreamHeaders(w.Header())
		return nil
	}
	watch, err := ks.Watch(r.Context(), req.r, req.after)
	if err != nil {
		return err
	}
	defer watch.Close()
	h.stream(w, r, readKeys, func(ctx context.Context, to *eventStream) error {
		return (&watchStream{eventStream: to, watch: watch, req: req}).run(ctx)
	})
	return nil
}

// watchStream is the answer to one watch.
type watchStream struct {
	*eventStream
	watch server.Watch
	req   watchRequest
	told  []byte // the position that was told last
}

// run sends what comes, until there is an error.
func (s *watchStream) run(ctx context.Context) error {
	// So that a client that connects again before the first change misses none.
	s.addPosition()
	s.buf.b = append(s.buf.b, '\n')
	for {
		c, err := s.next(ctx)
		switch {
		case err == nil:
			s.add(c)
		case errors.Is(err, errNothingNew):
			s.passed()
		default:
			return err
		}
	}
}

// errNothingNew is no error of a watch: it has told nothing for a while.
var errNothingNew = errors.New("nothing new")

// next is the next change, or errNothingNew. What was gathered is sent before it waits.
func (s *watchStream) next(ctx context.Context) (mantisdb.Change, error) {
	if ctx.Err() == nil && len(s.buf.b) < watchChunk {
		if c, err := s.watch.Next(looking); !errors.Is(err, context.Canceled) {
			return c, err
		}
	}
	if err := s.flush(); err != nil {
		return mantisdb.Change{}, err
	}
	waiting, cancel := context.WithTimeout(ctx, heartbeatInterval)
	defer cancel()
	c, err := s.watch.Next(waiting)
	if waiting.Err() != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = errNothingNew
	}
	return c, err
}

// looking has ended: with it, nobody waits.
var looking = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (s *watchStream) add(c mantisdb.Change) {
	s.addPosition()
	b := append(s.buf.b, "event: "...)
	b = append(b, wire.ChangeNames[c.Kind]...)
	b = append(b, "\ndata: "...)
	b = wire.AppendChange(b, s.req.encoding, c, s.req.r.KeysOnly)
	s.buf.b = append(b, "\n\n"...)
}

// addPosition adds the line of an event that tells where to go on behind it.
func (s *watchStream) addPosition() {
	s.told = s.watch.AppendPosition(s.told[:0])
	s.buf.b = append(append(append(s.buf.b, "id: "...), s.told...), '\n')
}

// passed adds what shows that the stream is alive: where to go on, if it has passed something over since
// that was told, else a comment.
func (s *watchStream) passed() {
	before := string(s.told)
	begin := len(s.buf.b)
	s.addPosition()
	s.buf.b = append(s.buf.b, '\n')
	if string(s.told) == before {
		s.buf.b = s.buf.b[:begin]
		s.nothingNew()
	}
}
