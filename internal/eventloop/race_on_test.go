//go:build race

package eventloop

// raceEnabled tells that the race detector makes everything slow.
const raceEnabled = true
