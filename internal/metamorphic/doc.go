// Package metamorphic drives databases with random operations of every kind and
// holds what they answer against a plain ordered map, and the engines against each
// other.
//
// A Script is a database's options and a list of operations, and has a text form. A
// generator makes one of a seed; Run carries it out on one engine or on several in
// lockstep; Reduce makes one that fails as short as it can. So a failure is told as
// a few lines that can be run again.
//
// Operations are those of the default keyspace and of others, which are created and
// dropped meanwhile: reads, scans, iterators, writes, deletions of ranges, modifications,
// and batches, transactions and snapshots across keyspaces; the applied index; watches,
// from now on or from the past; and what is done with the whole: statistics, compaction,
// opening anew, checkpoints and backups. In the model the keys of all keyspaces are in
// one order (space), and all that was written is kept (target.log), for watches.
//
// A kind of operation is an entry of a table (kinds): its name, how often it comes,
// how one is made up, and what it does to a database and must answer.
package metamorphic
