//go:build !race

package mantisdb

const raceEnabled = false
