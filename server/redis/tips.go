package redis

// Tips of commands, in the words of Redis. MSET has none, though Redis has: it is done as a whole
// or not at all, and a client that split it would take that away.
var (
	// The keys of one command go to the nodes that serve them.
	tipsForSplit = []string{"request_policy:multi_shard"}
	tipsForSum   = []string{"request_policy:multi_shard", "response_policy:agg_sum"}
	// Every node is asked for what it serves.
	tipsForAll   = []string{"request_policy:all_shards", "nondeterministic_output_order"}
	tipsForTotal = []string{"request_policy:all_shards", "response_policy:agg_sum"}
)
