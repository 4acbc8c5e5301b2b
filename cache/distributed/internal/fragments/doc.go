// Package fragments is the storage engine under Olric: an engine of package storage that
// keeps what a node has of the distributed cache.
//
// Olric divides its keys into partitions, and a node has of each that it owns or backs up
// a fragment, which for Olric is an engine of its own. Here all fragments of a node are
// ranges of one engine, so that its memory limit is theirs together.
//
// # Keys
//
// Olric hands an engine a hash of 64 bits instead of a key, and does not look at the key
// of what comes back. So the key is part of what is stored, an [Item], and whoever reads
// compares it. Two keys of one hash displace each other; neither is ever taken for the other.
//
// # Times of writes
//
// When a partition moves, Olric merges what several nodes have, and of two values takes the
// one that was written later. A cache must not take its word for it: what it has evicted, let
// expire or deleted is gone, and an older value that another node still holds would come back.
// So a fragment remembers when its keys were last written, for classes of keys together
// (writeTimes), and of a key that it does not have it says: deleted, just before that time.
// Then Olric's own rule leaves out all that is older.
//
// # What may be missed
//
// A node that was paused or cut off may have missed writes. Store.Beat has to be called by
// whoever knows that the node takes part; a Store that was left without it for too long
// forgets everything before it answers again. The times of writes stay, so that nothing older than
// what is forgotten is taken from others.
package fragments
