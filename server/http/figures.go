package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mantisdb/mantisdb/server/figures"
)

// Bounds of what may be asked of the history.
const (
	defaultHistory = 15 * time.Minute
	defaultPoints  = 300
	mostPoints     = 2000
)

// Bounds of the interval of a stream of figures.
const (
	defaultInterval  = time.Second
	shortestInterval = 250 * time.Millisecond
	longestInterval  = time.Minute
)

// historyAnswer is a part of the history.
type historyAnswer struct {
	Step   time.Duration   `json:"step_nanos"`
	Points []figures.Point `json:"points"`
}

// figuresHistory answers with the figures of the past.
func (h *Handler) figuresHistory(w http.ResponseWriter, r *http.Request) error {
	query := parseParams(r.URL.RawQuery, "since", "points")
	from := parsed(&query, "since", parseTime)
	points := query.positive("points")
	if err := query.err(); err != nil {
		return err
	}
	if from.IsZero() {
		from = time.Now().Add(-defaultHistory)
	}
	switch {
	case points == 0:
		points = defaultPoints
	case points > mostPoints:
		return newProblem(malformedRequest, "query parameter \"points\": %d are asked for, and the most is %d", points, mostPoints)
	}
	var answer historyAnswer
	answer.Step, answer.Points = h.history.Points(from, int(points))
	return writeJSON(w, answer)
}

func parseTime(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%q is not a time as RFC 3339 writes it", text)
	}
	return at, nil
}

// parseInterval is an interval of a stream.
func parseInterval(text string) (time.Duration, error) {
	interval, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration such as 1s", text)
	}
	if interval < shortestInterval || interval > longestInterval {
		return 0, fmt.Errorf("it must be from %v to %v", shortestInterval, longestInterval)
	}
	return interval, nil
}

// streamFigures streams the figures of each interval as it ends.
func (h *Handler) streamFigures(w http.ResponseWriter, r *http.Request) error {
	query := parseParams(r.URL.RawQuery, "interval")
	interval := parsed(&query, "interval", parseInterval)
	if err := query.err(); err != nil {
		return err
	}
	if interval == 0 {
		interval = defaultInterval
	}
	if r.Method == http.MethodHead {
		setStreamHeaders(w.Header())
		return nil
	}
	meter, err := h.figures.Meter(r.Context())
	if err != nil {
		return err
	}
	h.stream(w, r, readFigures, func(ctx context.Context, to *eventStream) error {
		return (&figuresStream{eventStream: to, history: h.history, meter: meter}).run(ctx, interval)
	})
	return nil
}

// figuresStream is the answer to one who wants figures as they come.
type figuresStream struct {
	*eventStream
	history *figures.History
	meter   *figures.Meter
	changed <-chan struct{} // closed once there are other warnings than were sent
}

// run sends a point of every interval, and at first the newest one that there is, so that
// nobody has to wait for a picture; and warnings when there are others.
func (s *figuresStream) run(ctx context.Context, interval time.Duration) error {
	if err := s.addWarnings(); err != nil {
		return err
	}
	if newest, ok := s.history.Newest(); ok {
		if err := s.event("figures", newest); err != nil {
			return err
		}
	}
	if err := s.flush(); err != nil {
		return err
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := s.wait(ctx, ticker.C); err != nil {
			return err
		}
		point, err := s.meter.Next(ctx)
		if err != nil {
			return err
		}
		if err := errors.Join(s.event("figures", point), s.flush()); err != nil {
			return err
		}
	}
}

// addWarnings gathers the warnings of now.
func (s *figuresStream) addWarnings() error {
	now, changed := s.history.Warnings()
	s.changed = changed
	return s.event("warnings", warningsAnswer{now})
}

// wait waits for the end of an interval, and shows meanwhile that the stream is alive.
func (s *figuresStream) wait(ctx context.Context, tick <-chan time.Time) error {
	heartbeat := time.NewTicker(heartbeatInterval)
	defer heartbeat.Stop()
	for {
		select {
		case <-tick:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-s.changed:
			if err := errors.Join(s.addWarnings(), s.flush()); err != nil {
				return err
			}
		case <-heartbeat.C:
			s.nothingNew()
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
}
