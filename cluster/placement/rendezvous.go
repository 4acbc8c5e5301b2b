package placement

// score orders nodes differently for each shard: the highest random weight of rendezvous hashing.
// It is the finalizer of SplitMix64 over both numbers, and must not change: clusters would break
// ties in another way than before, which moves nothing, but makes plans of two versions differ.
func score(shard int, node NodeID) uint64 {
	return mix(mix(uint64(node)) + uint64(shard))
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
