package transport

import (
	"fmt"
	"net"
	"strconv"

	"github.com/lni/dragonboat/v4/raftpb"
)

// Dragonboat takes its messages for those of replicas that keep to the protocol: of others some end
// the process, at once or when an entry is applied, by an index out of bounds or a panic, and some
// are for its own use and have it do what no other node may. So what is handed to it is only what a
// replica of ours can send, as far as a message tells that by itself. What the replica here would
// have to be asked, as whether an index that was said to be stored is one that it has sent, is not
// checked: who has a certificate of a node is believed what it says of its own log.

// maxCount is the greatest term, index or number of a chunk. None comes near by counting, and
// Dragonboat adds to them.
const maxCount = 1 << 56

// isCount tells whether all are numbers that counting comes to.
func isCount(numbers ...uint64) bool {
	for _, n := range numbers {
		if n > maxCount {
			return false
		}
	}
	return true
}

// validAddress tells whether an address is host:port.
func validAddress(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || len(address) > maxAddressLen {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// rule is what holds for all messages of a type.
type rule struct {
	taken    bool // nodes send it to each other
	inNoTerm bool // its term is 0, as it is for whichever replica leads
	entries  bool // it may have some
}

// rules are those of the types of message; others are not taken. Of Dragonboat's types there are
// missing those that a host only tells itself (ticks, elections, a snapshot that has come, a node that
// cannot be reached, a change of the membership, a question for the log), those that nobody sends
// (Ping, Pong), and those of what our groups do not have (Quiesce, RateLimit).
var rules = [...]rule{
	raftpb.NoOP:               {taken: true},
	raftpb.Propose:            {taken: true, inNoTerm: true, entries: true},
	raftpb.Replicate:          {taken: true, entries: true},
	raftpb.ReplicateResp:      {taken: true},
	raftpb.RequestVote:        {taken: true},
	raftpb.RequestVoteResp:    {taken: true},
	raftpb.Heartbeat:          {taken: true},
	raftpb.HeartbeatResp:      {taken: true},
	raftpb.ReadIndex:          {taken: true, inNoTerm: true},
	raftpb.ReadIndexResp:      {taken: true},
	raftpb.SnapshotReceived:   {taken: true, inNoTerm: true},
	raftpb.LeaderTransfer:     {taken: true, inNoTerm: true},
	raftpb.TimeoutNow:         {taken: true},
	raftpb.RequestPreVote:     {taken: true},
	raftpb.RequestPreVoteResp: {taken: true},
}

// checkBatch returns nil if a batch is one that the node sends that the connection is from.
func (t *transport) checkBatch(b *raftpb.MessageBatch, source string) error {
	if b.SourceAddress != source {
		return fmt.Errorf("%w: a batch from %q on a connection from %q", errMalformed, b.SourceAddress, source)
	}
	if err := t.checkOrigin(b.DeploymentId, b.BinVer); err != nil {
		return err
	}
	for i := range b.Requests {
		m := &b.Requests[i]
		if why := t.checkMessage(m); why != "" {
			return fmt.Errorf("%w: a message of type %d (%s) from replica %d to %d of group %d: %s",
				errMalformed, m.Type, m.Type, m.From, m.To, m.ShardID, why)
		}
	}
	return nil
}

// checkMessage returns why a message is none that a node sends, "" if it is one.
func (t *transport) checkMessage(m *raftpb.Message) string {
	if m.Type < 0 || int(m.Type) >= len(rules) || !rules[m.Type].taken {
		return "none that a node sends"
	}
	rule := &rules[m.Type]
	switch {
	case m.ShardID == 0 || m.From == 0 || m.To == 0 || m.From == m.To:
		return "a number is missing"
	case !isCount(m.Term, m.LogTerm, m.LogIndex, m.Commit):
		return "a number that nobody comes to"
	case (m.Term == 0) != rule.inNoTerm:
		return fmt.Sprintf("in term %d", m.Term)
	case len(m.Entries) > 0 && !rule.entries:
		return fmt.Sprintf("it has %d entries", len(m.Entries))
	case !isEmpty(&m.Snapshot):
		return "it has a snapshot"
	}
	switch m.Type {
	case raftpb.Propose:
		return t.checkEntries(m.Entries)
	case raftpb.Replicate:
		if why := checkOrder(m); why != "" {
			return why
		}
		return t.checkEntries(m.Entries)
	case raftpb.RequestVote, raftpb.RequestPreVote:
		if m.LogTerm >= m.Term || m.Hint != 0 && m.Hint != m.From {
			return fmt.Sprintf("in term %d, with a log of term %d, for replica %d", m.Term, m.LogTerm, m.Hint)
		}
	case raftpb.LeaderTransfer:
		if m.Hint == 0 {
			return "it names nobody"
		}
	}
	return ""
}

// isEmpty tells whether a snapshot is what a message has that has none.
func isEmpty(s *raftpb.Snapshot) bool {
	return s.Index == 0 && s.Term == 0 && s.Filepath == "" && len(s.Files) == 0 && len(s.Membership.Addresses) == 0
}

// checkOrder returns why entries do not follow each other, and what they are to be put behind.
func checkOrder(m *raftpb.Message) string {
	term := m.LogTerm
	for i := range m.Entries {
		e := &m.Entries[i]
		if want := m.LogIndex + 1 + uint64(i); e.Index != want {
			return fmt.Sprintf("entry %d is in the place of entry %d", e.Index, want)
		}
		if e.Term == 0 || e.Term < term {
			return fmt.Sprintf("an entry of term %d follows one of term %d", e.Term, term)
		}
		term = e.Term
	}
	if term > m.Term {
		return fmt.Sprintf("it has entries of term %d, and is of term %d", term, m.Term)
	}
	return ""
}
