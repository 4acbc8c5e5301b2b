// Package backed puts a cache before a store: a database, a service, files. Reads that the
// cache cannot answer load from the store, once for all who ask at once. Writes go one of
// two ways:
//
//   - Through writes to the store and then to the cache. When a write returns, the store
//     has it.
//   - Behind writes to the cache and to a bounded queue, from which the store is written in
//     batches, the newest value of each key. When a write returns, only memory has it.
//
// Neither leaves a stale value in the cache, whatever reads, writes, failures and evictions
// meet: after a write has returned, no read gets an older value of the key. That holds for
// what goes through the Through or the Behind; who changes the store past it says so by
// Invalidate, or lives with Options.TTL.
//
// # What Behind may lose
//
// Close and Flush return when the store has everything that was written before, so a
// clean shutdown loses nothing. A process that is killed, or a machine that stops, loses
// what was queued: never more than BehindOptions.MaxQueued writes and MaxQueuedBytes, and
// as long as the store keeps up, nothing older than BehindOptions.Interval and the time
// that the store takes for a batch. Of each key the store then has some value that was
// written to it, and not a mixture.
//
// # The cache
//
// The cache.Cache given to NewThrough or NewBehind belongs to it from then on: others may
// read its Stats and Resize it, and delete from it, but store nothing in it. Whoever made
// it closes it, last.
package backed
