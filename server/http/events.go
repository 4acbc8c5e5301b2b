package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mantisdb/mantisdb/internal/wire"
)

// eventStreamType is the form of server-sent events.
var eventStreamType = []string{"text/event-stream"}

// heartbeatInterval is how long a stream is silent at most: less than what proxies take for
// dead.
var heartbeatInterval = 15 * time.Second

// errShutdown ends the streams when the server ends.
var errShutdown = newProblem(unavailable, "the server is shutting down: go on elsewhere, or later")

// errGone: the client does not take what is sent.
var errGone = errors.New("the client is gone")

// eventStream is an answer of server-sent events.
type eventStream struct {
	w          http.ResponseWriter
	connection *http.ResponseController
	buf        *buffer
}

// stream answers with events until the client goes, the server ends, or the request's user
// has lost a right. An error of run that is not the client's doing is the last event, as is
// the problem that has ended the context.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, needed right, run func(context.Context, *eventStream) error) {
	setStreamHeaders(w.Header())
	connection := http.NewResponseController(w)
	// The request was read; that its deadline passes is not to end the answer.
	_ = connection.SetReadDeadline(time.Time{})
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	defer context.AfterFunc(h.streams, func() { cancel(errShutdown) })()
	defer h.whileEntitled(ctx, r, needed, cancel)()
	buf := getBuffer()
	defer buf.release()
	s := &eventStream{w: w, connection: connection, buf: buf}
	err := run(ctx, s)
	var ended *wire.Problem
	switch {
	case errors.As(context.Cause(ctx), &ended):
		s.fail(ended)
	case ctx.Err() == nil && !errors.Is(err, errGone):
		s.fail(h.problem(r, err))
	}
}

func setStreamHeaders(header http.Header) {
	header["Content-Type"] = eventStreamType
	header["Cache-Control"] = noStore
	header["X-Content-Type-Options"] = noSniff
	header["X-Accel-Buffering"] = []string{"no"} // a proxy is not to gather it
}

// EndStreams ends all answers that would go on without end, so that the server can
// finish the others.
func (h *Handler) EndStreams() { h.endStreams() }

// event gathers an event without an id, whose data is JSON.
func (s *eventStream) event(name string, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return err
	}
	s.buf.b = fmt.Appendf(s.buf.b, "event: %s\ndata: %s\n\n", name, body)
	return nil
}

// nothingNew gathers a comment, which shows that the stream is alive.
func (s *eventStream) nothingNew() { s.buf.b = append(s.buf.b, ": nothing new\n\n"...) }

// flush sends what was gathered. A client that is too slow for that is cut off.
func (s *eventStream) flush() error {
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
func (s *eventStream) fail(p *wire.Problem) {
	if err := s.event("error", p); err != nil { // strings and a number always marshal
		panic(err)
	}
	_ = s.flush() // it may not reach anybody
}
