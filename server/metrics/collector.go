package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mantisdb/mantisdb/server/redis"
)

// collector makes metrics of one snapshot of the figures, so that they fit each other.
type collector struct {
	figures func() (redis.Figures, error)
}

// The metrics that have labels; those without are in the tables.
var (
	up       = prometheus.NewDesc("mantisdb_up", "1 if the database answers.", nil, nil)
	info     = prometheus.NewDesc("mantisdb_info", "1; the version and the engine are labels.", []string{"version", "engine"}, nil)
	failed   = prometheus.NewDesc("mantisdb_command_errors_total", "Calls of a command of Redis that ended with an error.", []string{"command"}, nil)
	rejected = prometheus.NewDesc("mantisdb_command_rejections_total", "Calls of a command of Redis that were not executed.", []string{"command"}, nil)
	latency  = prometheus.NewDesc("mantisdb_command_duration_seconds", "How long calls of a command of Redis took.", []string{"command"}, nil)
)

// Describe implements prometheus.Collector.
func (c collector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{up, info, failed, rejected, latency} {
		descriptions <- d
	}
	for i := range table {
		descriptions <- table[i].description
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(metrics chan<- prometheus.Metric) {
	f, err := c.figures()
	if err != nil {
		metrics <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, 0)
		return
	}
	metrics <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, 1)
	metrics <- prometheus.MustNewConstMetric(info, prometheus.GaugeValue, 1, f.Version, f.Engine)
	for i := range table {
		row := &table[i]
		metrics <- prometheus.MustNewConstMetric(row.description, row.kind, row.of(&f))
	}
	for i := range f.Commands {
		collectCommand(metrics, &f.Commands[i])
	}
}

func collectCommand(metrics chan<- prometheus.Metric, c *redis.CommandFigures) {
	metrics <- prometheus.MustNewConstMetric(failed, prometheus.CounterValue, float64(c.Failed), c.Name)
	metrics <- prometheus.MustNewConstMetric(rejected, prometheus.CounterValue, float64(c.Rejected), c.Name)
	buckets := make(map[float64]uint64, len(c.Latencies))
	count := uint64(0)
	for i, calls := range c.Latencies {
		count += uint64(calls)
		if i < len(c.Latencies)-1 { // the last one has no end
			buckets[redis.LatencyBucketEnd(i).Seconds()] = count
		}
	}
	metrics <- prometheus.MustNewConstHistogram(latency, count, time.Duration(c.Time).Seconds(), buckets, c.Name)
}
