package figures

import "context"

// Meter measures a server for one who wants points of an interval of their own. It is used
// by one goroutine at a time.
type Meter struct {
	from *Collector
	last sample
}

// Meter is a meter whose first point begins now. It fails if the database does not answer.
func (c *Collector) Meter(ctx context.Context) (*Meter, error) {
	snapshot, err := c.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return &Meter{from: c, last: sampleOf(&snapshot)}, nil
}

// Next is what the server did since the last call, or since the meter began.
func (m *Meter) Next(ctx context.Context) (Point, error) {
	snapshot, err := m.from.Snapshot(ctx)
	if err != nil {
		return Point{}, err
	}
	now := sampleOf(&snapshot)
	p := pointBetween(&m.last, &now)
	m.last = now
	return p, nil
}
