package transport

import (
	"fmt"

	"github.com/lni/dragonboat/v4/raftio"
	"github.com/lni/dragonboat/v4/raftpb"
)

// snapshotHeaderLen is how long the header of a snapshot is, which its first chunk begins with.
const snapshotHeaderLen = 1024

// checkOrigin returns nil if something is of the cluster and of the version of Dragonboat here.
func (t *transport) checkOrigin(deployment uint64, version uint32) error {
	if deployment != t.self.deployment || version != raftio.TransportBinVersion {
		return fmt.Errorf("%w: it is of deployment %d and in version %d", errMalformed, deployment, version)
	}
	return nil
}

// checkChunk returns nil if a chunk is one that a node sends: of the one file that a snapshot of our
// replicas has, as it is made, so that only the last one tells how many they were.
func (t *transport) checkChunk(c *raftpb.Chunk) error {
	if err := t.checkOrigin(c.DeploymentId, c.BinVer); err != nil {
		return err
	}
	if why := whyNoChunk(c); why != "" {
		return fmt.Errorf("%w: chunk %d of snapshot %d from replica %d to %d of group %d: %s",
			errMalformed, c.ChunkId, c.Index, c.From, c.ReplicaID, c.ShardID, why)
	}
	return nil
}

func whyNoChunk(c *raftpb.Chunk) string {
	switch {
	case c.ShardID == 0 || c.From == 0 || c.ReplicaID == 0 || c.From == c.ReplicaID || c.Index == 0 || c.Term == 0:
		return "a number is missing"
	case !isCount(c.Index, c.Term, c.OnDiskIndex, c.ChunkId):
		return "a number that nobody comes to"
	case c.OnDiskIndex > c.Index:
		return fmt.Sprintf("it has applied %d", c.OnDiskIndex)
	case c.ChunkCount != 0 && c.ChunkCount != raftpb.LastChunkCount || c.FileChunkCount != c.ChunkCount || c.FileChunkId != c.ChunkId:
		return fmt.Sprintf("it is %d of %d in its file, and of %d in all", c.FileChunkId, c.FileChunkCount, c.ChunkCount)
	case c.HasFileInfo || c.Witness || c.FileSize != 0:
		return "it is of a file that our replicas do not have"
	case c.Filepath != fmt.Sprintf("snapshot-%016X.gbsnap", c.Index):
		return fmt.Sprintf("it is of the file %q", c.Filepath)
	case c.ChunkSize != uint64(len(c.Data)):
		return fmt.Sprintf("it has %d bytes, and not %d", len(c.Data), c.ChunkSize)
	case c.ChunkId == 0 && len(c.Data) < snapshotHeaderLen:
		return fmt.Sprintf("it begins with %d bytes", len(c.Data))
	}
	return whyNoMembership(&c.Membership)
}

// whyNoMembership returns why something is no membership that a group comes to, "" if it is one.
func whyNoMembership(m *raftpb.Membership) string {
	if len(m.Addresses) == 0 || len(m.Witnesses) > 0 || m.ConfigChangeId == 0 || !isCount(m.ConfigChangeId) {
		return fmt.Sprintf("its group has %d replicas and %d witnesses, since entry %d", len(m.Addresses), len(m.Witnesses), m.ConfigChangeId)
	}
	for _, members := range []map[uint64]string{m.Addresses, m.NonVotings} {
		for number, address := range members {
			if number == 0 || !validAddress(address) {
				return fmt.Sprintf("its group has replica %d at %q", number, address)
			}
		}
	}
	for number := range m.NonVotings {
		if _, votes := m.Addresses[number]; votes {
			return fmt.Sprintf("replica %d of its group has a vote and none", number)
		}
	}
	return ""
}
