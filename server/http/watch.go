package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
)

// eventStream is the form of server-sent events.
var eventStream = []string{"text/event-stream"}

// heartbeatInterval is how long a stream of changes is silent at most: less than what
// proxies take for dead.
var heartbeatInterval = 15 * time.Second

// watchChunk is how much of a stream is gathered before it is written, if there is more.
const watchChunk = 32 << 10

// errShutdown ends the streams when the server ends.
var errShutdown = newProblem(unavailable, "the server is shutting down: go on elsewhere, or later")

// watchRequest is what a client asks of a watch.
type watchRequest struct {
	r        mantisdb.Range
	from     uint64 // 0 is from now on
	encoding wire.Encoding
}

func parseWatch(r *http.Request) (watchRequest, error) {
	query := parseParams(r.URL.RawQuery, "prefix", "start", "end", "from", "keys_only", "encoding")
	req := watchRequest{
		from:     query.positive("from"),
		encoding: parsed(&query, "encoding", wire.ParseEncoding),
	}
	bounds := boundsOf(&query)
	req.r = bounds.Range()
	req.r.KeysOnly = query.flag("keys_only")
	if err := query.err(); err != nil {
		return req, err
	}
	// A browser that connects again repeats its first request, and adds this.
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		last, err := strconv.ParseUint(id, 10, 63)
		if err != nil || last == math.MaxInt64 {
			return req, newProblem(malformedRequest, "Last-Event-ID %q is not the id of an event", id)
		}
		req.from = last + 1
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
	watch, err := ks.Watch(r.Context(), req.r, req.from)
	if err != nil {
		return err
	}
	defer watch.Close()
	setStreamHeaders(w.Header())
	connection := http.NewResponseController(w)
	// The request was read; that its deadline passes is not to end the answer.
	_ = connection.SetReadDeadline(time.Time{})
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	defer context.AfterFunc(h.streams, func() { cancel(errShutdown) })()
	defer h.whileEntitled(ctx, r, readKeys, cancel)()
	buf := getBuffer()
	defer buf.release()
	s := watchStream{w: w, connection: connection, watch: watch, req: req, buf: buf}
	s.run(ctx, func(err error) *wire.Problem { return h.problem(r, err) })
	return nil
}

func setStreamHeaders(header http.Header) {
	header["Content-Type"] = eventStream
	header["Cache-Control"] = noStore
	header["X-Content-Type-Options"] = noSniff
	header["X-Accel-Buffering"] = []string{"no"} // a proxy is not to gather it
}

// EndStreams ends all answers that would go on without end, so that the server can
// finish the others.
func (h *Handler) EndStreams() { h.endStreams() }

// watchStream is the answer to one watch.
type watchStream struct {
	w          http.ResponseWriter
	connection *http.ResponseController
	watch      server.Watch
	req        watchRequest
	buf        *buffer
}

// run sends what comes. An error that is not the client's doing is its last event, as is
// the problem that has ended the context.
func (s *watchStream) run(ctx context.Context, problem func(error) *wire.Problem) {
	// So that a client that connects again before the first change misses none.
	s.buf.b = fmt.Appendf(s.buf.b, "id: %d\n\n", s.watch.From()-1)
	for {
		c, err := s.next(ctx)
		switch {
		case err == nil:
			s.add(c)
			continue
		case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
			s.buf.b = append(s.buf.b, ": nothing new\n\n"...)
			continue
		}
		var ended *wire.Problem
		switch {
		case errors.As(context.Cause(ctx), &ended):
			s.fail(ended)
		case ctx.Err() == nil && !errors.Is(err, errGone):
			s.fail(problem(err))
		}
		return
	}
}

// next is the next change. What was gathered is sent before it waits.
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
	return s.watch.Next(waiting)
}

// looking has ended: with it, nobody waits.
var looking = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// eventNames are the types of the events.
var eventNames = map[mantisdb.ChangeKind]string{
	mantisdb.ChangePut:         "put",
	mantisdb.ChangeDelete:      "delete",
	mantisdb.ChangeDeleteRange: "delete-range",
}

func (s *watchStream) add(c mantisdb.Change) {
	b := append(s.buf.b, "id: "...)
	b = strconv.AppendUint(b, c.Version, 10)
	b = append(b, "\nevent: "...)
	b = append(b, eventNames[c.Kind]...)
	b = append(b, "\ndata: "...)
	b = wire.AppendChange(b, s.req.encoding, c, s.req.r.KeysOnly)
	s.buf.b = append(b, "\n\n"...)
}

// errGone: the client does not take what is sent.
var errGone = errors.New("the client is gone")

// flush sends what was gathered. A client that is too slow for that is cut off.
func (s *watchStream) flush() error {
	err := writeProgress(s.w, s.buf.b)
	s.buf.b = s.buf.b[:0]
	if cap(s.buf.b) > maxPooledBuffer {
		s.buf.b = nil // a stream may wait for days with it
	}
	if err == nil {
		err = s.connection.Flush()
	}
	if err != nil {
		return errGone
	}
	return nil
}

// fail sends the last event. It has no id, so that the client goes on behind the last
// change.
func (s *watchStream) fail(p *wire.Problem) {
	body, err := json.Marshal(p)
	if err != nil { // strings and a number always marshal
		panic(err)
	}
	s.buf.b = fmt.Appendf(s.buf.b, "event: error\ndata: %s\n\n", body)
	_ = s.flush() // it may not reach anybody
}
