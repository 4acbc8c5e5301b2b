// Package metrics shows the figures of a server to Prometheus: those of the database, of
// the commands of Redis with their latencies, of the Go runtime and of the process.
package metrics
