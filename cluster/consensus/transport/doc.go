// Package transport carries what the replicas of different nodes tell each other, for Dragonboat:
// the messages of the consensus, gathered to batches, and snapshots, in chunks. It takes the place of
// Dragonboat's own transport, in two ways.
//
// A connection that breaks is noticed at once, and made again at once. Dragonboat's own finds out when
// it next sends something over it, and then sends nothing to that node at all for half a second or
// longer; and as there are several connections to each node, that happens several times when the node
// has started again, while its replicas are missed in elections. And a node at which nobody listens any
// more has gone: that is told, and nobody has to wait for it.
//
// What comes is checked before Dragonboat sees it, which ends the process on much that none of its
// own would send. A connection carries frames in one direction, from who dialled. It begins with a
// greeting, in which who dialled says at which address it is found itself, and which is answered:
//
//	greeting = "mdbraft" | version u8 = 1 | deployment u64 | length u16 | address of length bytes
//	answer   = "mdbraft" | version u8 = 1
//	frame    = checksum u32 | length u32 | kind u8 | payload of length bytes
//
// Numbers are little-endian. The checksum is the CRC-32C of all that follows it in the frame. Of
// kind 1 is a batch, a raftpb.MessageBatch of at most 65 MiB, and of kind 2 a chunk, a raftpb.Chunk of
// at most 4 MiB. What is not of this form, or no message that a node sends, ends the connection.
//
// With TLS, who dials takes only a certificate that covers the host that it dialled, and who is
// dialled only one that covers the host of the address in the greeting. All batches of a connection
// name that address as their source.
package transport
