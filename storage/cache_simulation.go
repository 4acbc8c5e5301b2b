package storage

// CacheHits is what a cache had of the requests of a trace.
type CacheHits struct {
	Requests uint64
	Bytes    uint64 // of those requests; as many as Requests if entries have no sizes
}
