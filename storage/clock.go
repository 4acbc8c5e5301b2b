package storage

import "github.com/mantisdb/mantisdb/internal/clock"

// Now is the time that expiry is measured by, in Unix milliseconds. Within a process
// it is never set back.
func Now() int64 { return clock.Now() }

// Expired tells whether a value with an expiry in Unix milliseconds, 0 for never, is
// absent by now.
func Expired(expiresAt int64) bool { return expiresAt != 0 && expiresAt <= Now() }
