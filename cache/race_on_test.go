//go:build race

package cache_test

// raceEnabled: the race detector has a sync.Pool forget what was put into it, at random.
const raceEnabled = true
