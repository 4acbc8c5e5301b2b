package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mantisdb/mantisdb/server/figures"
)

// collector makes metrics of one snapshot of the figures, so that they fit each other.
type collector struct{ from *figures.Collector }

// The metrics that have labels; those without are in the table.
var (
	up   = prometheus.NewDesc("mantisdb_up", "1 if the database answers.", nil, nil)
	info = prometheus.NewDesc("mantisdb_info", "1; the version and the engine are labels.", []string{"version", "engine"}, nil)

	commandLabels = []string{"command"}
	failed        = prometheus.NewDesc("mantisdb_command_errors_total", "Calls of a command of Redis that ended with an error.", commandLabels, nil)
	rejected      = prometheus.NewDesc("mantisdb_command_rejections_total", "Calls of a command of Redis that were not executed.", commandLabels, nil)
	latency       = prometheus.NewDesc("mantisdb_command_duration_seconds", "How long calls of a command of Redis took.", commandLabels, nil)
	replied       = prometheus.NewDesc("mantisdb_redis_error_replies_total", "Errors that were replied by the Redis protocol.", []string{"code"}, nil)

	routeLabels = []string{"method", "route", "status"}
	answered    = prometheus.NewDesc("mantisdb_http_request_duration_seconds", "How long answers of HTTP took, by route and class of status.", routeLabels, nil)
	sent        = prometheus.NewDesc("mantisdb_http_sent_bytes_total", "Bytes of bodies that were sent by HTTP.", routeLabels, nil)
)

// Describe implements prometheus.Collector.
func (c collector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{up, info, failed, rejected, latency, replied, answered, sent} {
		descriptions <- d
	}
	for i := range table {
		descriptions <- table[i].description
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(metrics chan<- prometheus.Metric) {
	s, err := c.from.Snapshot(context.Background())
	if err != nil {
		metrics <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, 0)
		return
	}
	metrics <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, 1)
	metrics <- prometheus.MustNewConstMetric(info, prometheus.GaugeValue, 1, s.Server.Version, s.Engine)
	for i := range table {
		row := &table[i]
		metrics <- prometheus.MustNewConstMetric(row.description, row.kind, row.of(&s))
	}
	for code, n := range s.Redis.Errors {
		metrics <- prometheus.MustNewConstMetric(replied, prometheus.CounterValue, float64(n), code)
	}
	for i := range s.Redis.Commands {
		c := &s.Redis.Commands[i]
		metrics <- prometheus.MustNewConstMetric(failed, prometheus.CounterValue, float64(c.Failed), c.Name)
		metrics <- prometheus.MustNewConstMetric(rejected, prometheus.CounterValue, float64(c.Rejected), c.Name)
		metrics <- histogram(latency, &c.Latencies, c.Time, c.Name)
	}
	for i := range s.HTTP.Routes {
		r := &s.HTTP.Routes[i]
		metrics <- prometheus.MustNewConstMetric(sent, prometheus.CounterValue, float64(r.Sent), r.Method, r.Path, r.Status)
		metrics <- histogram(answered, &r.Latencies, r.Time, r.Method, r.Path, r.Status)
	}
}

// histogram is what calls took, and all of them together.
func histogram(d *prometheus.Desc, l *figures.Latencies, sum time.Duration, labels ...string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(l))
	count := uint64(0)
	for i, calls := range l {
		count += uint64(calls)
		if i < len(l)-1 { // the last one has no end
			buckets[figures.BucketEnd(i).Seconds()] = count
		}
	}
	return prometheus.MustNewConstHistogram(d, count, sum.Seconds(), buckets, labels...)
}
