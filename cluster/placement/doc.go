// Package placement decides on which nodes of a cluster the replicas of each shard lie, and
// which of them leads. It is a policy and nothing else: a function of the cluster as it is to the
// next moves, without a clock, without a generator of random numbers and without consensus. The
// same cluster gives the same plan on every node, in whatever order it is listed.
//
// # What is promised
//
//   - Replicas of a shard are on distinct nodes, and in distinct zones if there are zones enough;
//     if there are not, no zone has more of them than it must.
//   - At rest, each node holds its share of replicas by weight, rounded up or down, as far as the
//     rule before allows.
//   - A node that joins takes its share, and nothing moves between the others. What a node held
//     that died or drains is all that moves. Only if the others cannot be even with that alone,
//     which is rare unless zones or weights differ, something more moves.
//   - A plan has at most one move of a shard, and keeps to the [Limits] of the caller. A shard
//     that has lost its majority is left alone, since it cannot agree on a change.
//   - A node that is away for a while keeps what it holds, and holds up nothing that is urgent.
//
// # How
//
// The table of shards is replicated in the cluster, so a place need not follow from a hash, as it
// does in consistent hashing; the table may remember. What is missing goes to the node that is
// furthest below its share, as in consistent hashing with bounded loads (Mirrokni, Thorup and
// Zadimoghaddam, 2016). Among equals the greatest hash of shard and node wins, as in rendezvous
// hashing (Thaler and Ravishankar, 1998), so the shards of a node have their other replicas all
// over the cluster, and all of it helps to make a lost node's replicas anew.
//
// What is uneven then is mended along cost-reducing paths (Harvey, Ladner, Lovász and Tamir,
// "Semi-matchings for bipartite graphs and load balancing", 2003): the shortest chain of nodes
// from one above its share to one below it, each of which hands a replica to the next. A
// placement without such a path is the most even there is, and the shortest chain takes the
// fewest moves: between any two nodes it is one, unless the rule of zones forbids it. What was only
// just planned to be filled in is changed along such paths first, since that costs nothing.
// Leaders are evened out in the same way, by chains of transfers.
//
// Shares are levels of water: each node is filled in proportion to its weight until it holds a
// replica of every shard, or its zone all that it may.
//
// # Copysets
//
// Copysets (Cidon et al., 2013) confine replicas to few sets of nodes, so that some simultaneous
// failures hit no set. They are not used here. The sets are as many as the shards at most,
// already: thousands, where random placement of small chunks has millions. To confine them further
// makes a loss less likely and greater in the same measure, so that what is lost on average stays;
// it leaves fewer peers to make a node's data anew; and the sets have to be made anew themselves
// when a node comes or goes, which moves data that need not move. docs/scaling.md has the figures.
package placement
