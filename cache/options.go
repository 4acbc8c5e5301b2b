package cache

import (
	"fmt"
	"math"
	"time"
)

// Names of the engines, for Options.Engine.
const (
	// EngineRust keeps entries in the lock-free Rust core, outside Go's heap. It needs a
	// build with `-tags rust`.
	EngineRust = "rust"
	// EngineGo keeps entries in Go's heap, by otter. It is in every build and needs no
	// cgo.
	EngineGo = "go"
)

// The limits of keys, tags and values, in bytes. Tags and values may be empty, keys may
// not.
const (
	MaxKeyLen   = 64 << 10
	MaxTagLen   = 65_535
	MaxValueLen = 64 << 20
)

// MaxTags is how many tags an entry may carry.
const MaxTags = 255

// The least and the greatest budget, in bytes.
const (
	MinBudget = 256 << 10
	MaxBudget = 1 << 46
)

// Forever is the time to live of what shall not expire in a cache with Options.TTL.
const Forever time.Duration = math.MaxInt64

// Options say how to make a cache. Budget is required.
type Options struct {
	// Engine is EngineRust or EngineGo. Empty takes the build's default: rust when
	// built with `-tags rust`, else go. Nothing falls back: an engine that the build
	// lacks is ErrEngineNotBuilt.
	Engine string
	// Budget is how many bytes the cache may hold, from MinBudget to MaxBudget. All is
	// counted: keys, values, tags, and what the engine needs to keep entries. What has
	// left and a read may still have can pass it by a hundredth, for a moment. With
	// the Go engine an entry that comes can, too, and Go's collector needs room beside,
	// as GOGC says.
	Budget uint64
	// TTL is how long entries live that are stored without a time to live or an expiry
	// of their own, rounded up to whole milliseconds; 0 is for ever.
	TTL time.Duration
	// OnEvict is told of each entry that left the cache, for whatever reason, soon after
	// it did, in one goroutine of the cache's own that holds no lock: it may call the
	// cache. What has left and was not told yet takes memory beside the budget, so it
	// should be quick. Close waits for it. It must not call Close.
	OnEvict func(Eviction)
	// Ordered keeps keys in order, so that DeletePrefix takes a time that grows with
	// what it drops. Else it takes one that grows with what the cache holds: in the Go
	// engine each time, in the Rust engine the first time. It costs a little of each
	// Set, and room in the budget.
	Ordered bool
}

func (o *Options) check() error {
	if err := checkBudget(o.Budget); err != nil {
		return err
	}
	return checkTTL(o.TTL)
}

func checkBudget(budget uint64) error {
	if budget < MinBudget || budget > MaxBudget {
		return fmt.Errorf("%w: a budget of %d bytes is not from %d to %d", ErrInvalidOptions, budget, uint64(MinBudget), uint64(MaxBudget))
	}
	return nil
}

func checkTTL(ttl time.Duration) error {
	if ttl < 0 {
		return fmt.Errorf("%w: %v is negative", ErrInvalidTTL, ttl)
	}
	return nil
}

// EntryOptions qualify what is stored. The zero value asks for nothing special.
type EntryOptions struct {
	// TTL is how long the entry lives, rounded up to whole milliseconds; 0 is
	// Options.TTL, Forever is for ever.
	TTL time.Duration
	// ExpiresAt is when the entry expires, in Unix milliseconds; 0 leaves it to TTL. Not
	// both can be given. A time that has passed is allowed: the key is then absent.
	ExpiresAt int64
	// Tags are what the entry depends on: DeleteTag of one of them drops it. At most
	// MaxTags, each of at most MaxTagLen bytes. They are copied.
	Tags []string
}

// check returns nil if the options are in range.
func (o *EntryOptions) check() error {
	if err := checkTTL(o.TTL); err != nil {
		return err
	}
	if o.ExpiresAt < 0 {
		return fmt.Errorf("%w: an expiry of %d is before 1970", ErrInvalidOptions, o.ExpiresAt)
	}
	if o.ExpiresAt != 0 && o.TTL != 0 {
		return fmt.Errorf("%w: both a time to live and an expiry", ErrInvalidOptions)
	}
	if len(o.Tags) > MaxTags {
		return fmt.Errorf("%w: %d tags, of at most %d", ErrInvalidOptions, len(o.Tags), MaxTags)
	}
	for _, tag := range o.Tags {
		if err := checkTag(tag); err != nil {
			return err
		}
	}
	return nil
}

func checkTag(tag string) error {
	if len(tag) > MaxTagLen {
		return fmt.Errorf("%w: a tag of %d bytes, of at most %d", ErrInvalidOptions, len(tag), MaxTagLen)
	}
	return nil
}

// milliseconds is a time to live in whole milliseconds, rounded up.
func milliseconds(ttl time.Duration) int64 {
	ms := int64(ttl / time.Millisecond)
	if ttl%time.Millisecond != 0 {
		ms++
	}
	return ms
}
