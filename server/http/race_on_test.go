//go:build race

package httpapi

// raceEnabled: the race detector makes bulk work ten times slower.
const raceEnabled = true
