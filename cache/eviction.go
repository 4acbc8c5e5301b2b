package cache

import "fmt"

// Cause is why an entry left the cache.
type Cause uint8

// The causes.
const (
	CauseCapacity    Cause = iota + 1 // the budget was needed for others
	CauseExpired                      // its time had come
	CauseReplaced                     // another value of the key was stored
	CauseRemoved                      // its key was deleted
	CauseInvalidated                  // its tag or its prefix was deleted, or all was
)

// String is the cause in a word.
func (c Cause) String() string {
	switch c {
	case CauseCapacity:
		return "capacity"
	case CauseExpired:
		return "expired"
	case CauseReplaced:
		return "replaced"
	case CauseRemoved:
		return "removed"
	case CauseInvalidated:
		return "invalidated"
	default:
		return fmt.Sprintf("cause %d", uint8(c))
	}
}

// Eviction is an entry that left the cache. Key and Value are borrowed: valid until
// Options.OnEvict returns.
type Eviction struct {
	Key, Value []byte
	Cause      Cause
}
