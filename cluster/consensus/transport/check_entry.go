package transport

import (
	"fmt"

	"github.com/lni/dragonboat/v4/raftpb"
)

// encodedEntry begins what Dragonboat puts before the content of an entry: the version of that, 0,
// and that it is not compressed.
const encodedEntry = 0

// checkEntries returns why one of them is none that a replica proposes, "" if all are.
func (t *transport) checkEntries(entries []raftpb.Entry) string {
	for i := range entries {
		if why := t.checkEntry(&entries[i]); why != "" {
			return fmt.Sprintf("an entry of type %d with %d bytes: %s", entries[i].Type, len(entries[i].Cmd), why)
		}
	}
	return ""
}

// checkEntry returns why an entry is none that a replica proposes, "" if it is one: with a content
// that a replica can apply, a change of the membership, or the empty one that begins a leader's term.
// Nobody has sessions, which Dragonboat knows by the client's number.
func (t *transport) checkEntry(e *raftpb.Entry) string {
	switch e.Type {
	case raftpb.EncodedEntry:
		if e.Key == 0 || e.ClientID == 0 || e.SeriesID != 0 {
			return "it is of a session, or nobody's"
		}
		if len(e.Cmd) < 2 || e.Cmd[0] != encodedEntry {
			return "it is in another encoding"
		}
		if err := t.entry(e.Cmd[1:]); err != nil {
			return err.Error()
		}
		return ""
	case raftpb.ConfigChangeEntry:
		if e.ClientID != 0 {
			return "it is of a session"
		}
		return checkChange(e.Cmd)
	case raftpb.ApplicationEntry:
		if len(e.Cmd) > 0 || e.ClientID != 0 {
			return "it is not empty"
		}
		return ""
	}
	return "none that a replica proposes"
}

// checkChange returns why something is no change of the membership that a group makes.
func checkChange(content []byte) string {
	parts := 0
	if err := changeFields.check(content, &parts); err != nil {
		return err.Error()
	}
	var change raftpb.ConfigChange
	if err := change.Unmarshal(content); err != nil {
		return err.Error()
	}
	switch change.Type {
	case raftpb.AddNode, raftpb.AddNonVoting:
		if !validAddress(change.Address) {
			return fmt.Sprintf("it adds a replica at %q", change.Address)
		}
	case raftpb.RemoveNode:
	default:
		return fmt.Sprintf("it is a change of type %d", change.Type)
	}
	if change.ReplicaID == 0 {
		return "it is a change of nobody"
	}
	return ""
}
