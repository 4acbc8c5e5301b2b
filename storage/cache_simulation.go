package storage

// CacheTrace is a sequence of requests to a cache. Its slices are not changed.
type CacheTrace struct {
	// Requests has for each request the number of its key, below Keys. There are at
	// most 2^32-1.
	Requests []uint32
	// Keys is the number of different keys.
	Keys int
	// Sizes has for each key the bytes that its entry takes, from 1 to 2^32-1. Without
	// it, all entries take 1.
	Sizes []uint64
}

// CacheHits is which requests of a trace found their key in a cache.
type CacheHits struct {
	Requests uint64
	Bytes    uint64 // of those requests
}
