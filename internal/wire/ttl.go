package wire

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// ErrTTL: a time to live does not parse or is out of range.
var ErrTTL = errors.New("invalid time to live")

// maxSeconds is the most whole seconds that a time.Duration holds, 292 years.
const maxSeconds = math.MaxInt64 / int64(time.Second)

// ParseTTL reads a time to live: a Go duration ("30s", "1h15m", "250ms") or a
// whole number of seconds ("30"). It must be positive.
func ParseTTL(s string) (time.Duration, error) {
	ttl, err := parseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%w %q: use a duration such as 30s or 1h15m, or a number of seconds", ErrTTL, s)
	}
	if ttl <= 0 {
		return 0, fmt.Errorf("%w %q: it must be positive", ErrTTL, s)
	}
	return ttl, nil
}

func parseDuration(s string) (time.Duration, error) {
	seconds, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.ParseDuration(s)
	}
	if seconds > maxSeconds {
		return 0, strconv.ErrRange
	}
	return time.Duration(seconds) * time.Second, nil
}
