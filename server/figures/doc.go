// Package figures gathers what there is to tell of a server. INFO of the Redis protocol,
// GET /api/v1/stats and /metrics all show one Snapshot, so that a figure is read in one
// place, has one name there, and is the same wherever it is shown.
//
// The package knows neither protocol: each adds its part to a Collector.
package figures
