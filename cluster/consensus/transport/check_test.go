package transport

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lni/dragonboat/v4/raftpb"
)

// checker is a transport that checks, and does nothing else.
func checker() *transport {
	return &transport{self: greeting{deployment: deployment}, entry: takeEntry}
}

// messagesOf are messages that nodes send, one of each type.
func messagesOf() map[raftpb.MessageType]raftpb.Message {
	all := make(map[raftpb.MessageType]raftpb.Message)
	for i, rule := range rules {
		m := raftpb.Message{Type: raftpb.MessageType(i), To: 2, From: 1, ShardID: 7, Term: 3, Hint: 1}
		if rule.inNoTerm {
			m.Term = 0
		}
		if rule.taken {
			all[m.Type] = m
		}
	}
	return all
}

// TestTypesOfMessages: those that nodes send are taken, and all others are not: of these Dragonboat
// ends the process on some, and does what it only tells itself on others.
func TestTypesOfMessages(t *testing.T) {
	t.Parallel()
	c := checker()
	sent := messagesOf()
	for m := range sent {
		one := sent[m]
		if why := c.checkMessage(&one); why != "" {
			t.Errorf("%s: %s", m, why)
		}
	}
	for _, local := range []raftpb.MessageType{
		-1, raftpb.LocalTick, raftpb.Election, raftpb.LeaderHeartbeat, raftpb.ConfigChangeEvent, raftpb.Ping, raftpb.Pong,
		raftpb.SnapshotStatus, raftpb.Unreachable, raftpb.CheckQuorum, raftpb.BatchedReadIndex, raftpb.InstallSnapshot,
		raftpb.Quiesce, raftpb.RateLimit, raftpb.LogQuery, raftpb.LogQuery + 1, 1<<31 - 1,
	} {
		for _, term := range []uint64{0, 3} {
			m := raftpb.Message{Type: local, To: 2, From: 1, ShardID: 7, Term: term, Hint: 1}
			if c.checkMessage(&m) == "" {
				t.Errorf("%d (%s) is taken", local, local)
			}
		}
	}
}

// TestMessages: what is wrong with a message that is refused.
func TestMessages(t *testing.T) {
	t.Parallel()
	c := checker()
	for name, test := range map[string]struct {
		of     raftpb.MessageType
		change func(*raftpb.Message)
	}{
		"to nobody":                {raftpb.Heartbeat, func(m *raftpb.Message) { m.To = 0 }},
		"from nobody":              {raftpb.Heartbeat, func(m *raftpb.Message) { m.From = 0 }},
		"of no group":              {raftpb.Heartbeat, func(m *raftpb.Message) { m.ShardID = 0 }},
		"to who sent it":           {raftpb.Heartbeat, func(m *raftpb.Message) { m.From = m.To }},
		"of no term":               {raftpb.Heartbeat, func(m *raftpb.Message) { m.Term = 0 }},
		"of the last term":         {raftpb.RequestVote, func(m *raftpb.Message) { m.Term = 1<<64 - 1 }},
		"with the last index":      {raftpb.ReplicateResp, func(m *raftpb.Message) { m.LogIndex = 1<<64 - 1 }},
		"with the last commit":     {raftpb.Heartbeat, func(m *raftpb.Message) { m.Commit = 1<<64 - 1 }},
		"a proposal of a term":     {raftpb.Propose, func(m *raftpb.Message) { m.Term = 3 }},
		"a heartbeat with entries": {raftpb.Heartbeat, func(m *raftpb.Message) { m.Entries = []raftpb.Entry{proposed("a")} }},
		"with a snapshot":          {raftpb.Heartbeat, func(m *raftpb.Message) { m.Snapshot.Index = 3 }},
		"with files":               {raftpb.Heartbeat, func(m *raftpb.Message) { m.Snapshot.Files = []*raftpb.SnapshotFile{{}} }},
		"a vote for another":       {raftpb.RequestVote, func(m *raftpb.Message) { m.Hint = 3 }},
		"a log of its own term":    {raftpb.RequestVote, func(m *raftpb.Message) { m.LogTerm = 3 }},
		"a lead to nobody":         {raftpb.LeaderTransfer, func(m *raftpb.Message) { m.Hint = 0 }},
		"a proposal of bad":        {raftpb.Propose, func(m *raftpb.Message) { m.Entries = []raftpb.Entry{proposed("bad")} }},
	} {
		m := messagesOf()[test.of]
		test.change(&m)
		if c.checkMessage(&m) == "" {
			t.Errorf("%s: it is taken", name)
		}
	}
}

// TestOrderOfEntries changes one of three entries that follow each other.
func TestOrderOfEntries(t *testing.T) {
	t.Parallel()
	c := checker()
	replicate := func() raftpb.Message {
		m := raftpb.Message{Type: raftpb.Replicate, To: 2, From: 1, ShardID: 7, Term: 3, LogIndex: 6, LogTerm: 2}
		for i, term := range []uint64{2, 3, 3} {
			e := proposed("content")
			e.Index, e.Term = 7+uint64(i), term
			m.Entries = append(m.Entries, e)
		}
		return m
	}
	right := replicate()
	if why := c.checkMessage(&right); why != "" {
		t.Fatal(why)
	}
	for name, change := range map[string]func(*raftpb.Message){
		"one is missing":          func(m *raftpb.Message) { m.Entries = append(m.Entries[:1], m.Entries[2]) },
		"they follow another one": func(m *raftpb.Message) { m.LogIndex = 5 },
		"a term without number":   func(m *raftpb.Message) { m.LogTerm = 0; m.Entries[0].Term = 0 },
		"an earlier term":         func(m *raftpb.Message) { m.Entries[2].Term = 2 },
		"a log of a later term":   func(m *raftpb.Message) { m.LogTerm = 3 },
		"a term to come":          func(m *raftpb.Message) { m.Entries[2].Term = 4 },
		"a log to come":           func(m *raftpb.Message) { m.LogTerm = 4; m.Entries = nil },
		"one that is bad":         func(m *raftpb.Message) { m.Entries[1].Cmd = []byte("\x00bad") },
	} {
		m := replicate()
		change(&m)
		if c.checkMessage(&m) == "" {
			t.Errorf("%s: it is taken", name)
		}
	}
}

func TestEntries(t *testing.T) {
	t.Parallel()
	c := checker()
	change := func(cc raftpb.ConfigChange) []byte { return encoded(t, &cc) }
	added := change(raftpb.ConfigChange{Type: raftpb.AddNonVoting, ReplicaID: 3, Address: "a:1"})
	for name, test := range map[string]struct {
		entry raftpb.Entry
		taken bool
	}{
		"a content":       {proposed("content"), true},
		"an empty one":    {raftpb.Entry{}, true},
		"a replica added": {raftpb.Entry{Type: raftpb.ConfigChangeEntry, Cmd: added}, true},
		"a replica promoted": {raftpb.Entry{Type: raftpb.ConfigChangeEntry, Key: 3,
			Cmd: change(raftpb.ConfigChange{Type: raftpb.AddNode, ReplicaID: 3, Address: "a:1"})}, true},
		"a replica removed": {raftpb.Entry{Type: raftpb.ConfigChangeEntry,
			Cmd: change(raftpb.ConfigChange{Type: raftpb.RemoveNode, ReplicaID: 3})}, true},

		"a content that nobody can apply": {proposed("bad"), false},
		"no content":                      {proposed(""), false},
		"without its key":                 {raftpb.Entry{Type: raftpb.EncodedEntry, ClientID: 9, Cmd: []byte("\x00a")}, false},
		"of nobody":                       {raftpb.Entry{Type: raftpb.EncodedEntry, Key: 4, Cmd: []byte("\x00a")}, false},
		"of a session":                    {raftpb.Entry{Type: raftpb.EncodedEntry, Key: 4, ClientID: 9, SeriesID: 1, Cmd: []byte("\x00a")}, false},
		"compressed":                      {raftpb.Entry{Type: raftpb.EncodedEntry, Key: 4, ClientID: 9, Cmd: []byte("\x02\xff\xff\xff\xff\x7f")}, false},
		"in another version":              {raftpb.Entry{Type: raftpb.EncodedEntry, Key: 4, ClientID: 9, Cmd: []byte("\x10a")}, false},
		"without encoding":                {raftpb.Entry{Type: raftpb.EncodedEntry, Key: 4, ClientID: 9}, false},
		"plain":                           {raftpb.Entry{Cmd: []byte("a")}, false},
		"the beginning of a session":      {raftpb.Entry{ClientID: 9, SeriesID: 1<<64 - 2}, false},
		"for a witness":                   {raftpb.Entry{Type: raftpb.MetadataEntry}, false},
		"of an unknown type":              {raftpb.Entry{Type: 4}, false},
		"of a negative type":              {raftpb.Entry{Type: -1}, false},
		"a change that is none":           {raftpb.Entry{Type: raftpb.ConfigChangeEntry, Cmd: []byte("garbage")}, false},
		"a change of a session":           {raftpb.Entry{Type: raftpb.ConfigChangeEntry, ClientID: 9, Cmd: added}, false},
		"a witness": {raftpb.Entry{Type: raftpb.ConfigChangeEntry,
			Cmd: change(raftpb.ConfigChange{Type: raftpb.AddWitness, ReplicaID: 3, Address: "a:1"})}, false},
		"a change of an unknown type": {raftpb.Entry{Type: raftpb.ConfigChangeEntry,
			Cmd: change(raftpb.ConfigChange{Type: 9, ReplicaID: 3, Address: "a:1"})}, false},
		"a change of nobody": {raftpb.Entry{Type: raftpb.ConfigChangeEntry,
			Cmd: change(raftpb.ConfigChange{Type: raftpb.AddNode, Address: "a:1"})}, false},
		"a replica at no address": {raftpb.Entry{Type: raftpb.ConfigChangeEntry,
			Cmd: change(raftpb.ConfigChange{Type: raftpb.AddNode, ReplicaID: 3, Address: "a"})}, false},
	} {
		if why := c.checkEntries([]raftpb.Entry{test.entry}); (why == "") != test.taken {
			t.Errorf("%s: %q", name, why)
		}
	}
}

// TestChunks changes a chunk that is taken.
func TestChunks(t *testing.T) {
	t.Parallel()
	c := checker()
	last := chunkOf(2, 0)
	last.ChunkCount, last.FileChunkCount = raftpb.LastChunkCount, raftpb.LastChunkCount
	for _, right := range []raftpb.Chunk{chunkOf(0, snapshotHeaderLen), chunkOf(1, 10), last} {
		if err := c.checkChunk(&right); err != nil {
			t.Error(err)
		}
	}
	for name, change := range map[string]func(*raftpb.Chunk){
		"of another cluster":    func(k *raftpb.Chunk) { k.DeploymentId++ },
		"of another version":    func(k *raftpb.Chunk) { k.BinVer++ },
		"of no group":           func(k *raftpb.Chunk) { k.ShardID = 0 },
		"to nobody":             func(k *raftpb.Chunk) { k.ReplicaID = 0 },
		"from nobody":           func(k *raftpb.Chunk) { k.From = 0 },
		"to who sent it":        func(k *raftpb.Chunk) { k.From = k.ReplicaID },
		"of nothing":            func(k *raftpb.Chunk) { k.Index, k.OnDiskIndex = 0, 0; k.Filepath = "snapshot-0000000000000000.gbsnap" },
		"of no term":            func(k *raftpb.Chunk) { k.Term = 0 },
		"of the last term":      func(k *raftpb.Chunk) { k.Term = 1<<64 - 1 },
		"of what is to come":    func(k *raftpb.Chunk) { k.OnDiskIndex = k.Index + 1 },
		"of a number of chunks": func(k *raftpb.Chunk) { k.ChunkCount, k.FileChunkCount = 3, 3 },
		"that has failed": func(k *raftpb.Chunk) {
			k.ChunkCount, k.FileChunkCount = raftpb.PoisonChunkCount, raftpb.PoisonChunkCount
		},
		"that begins a file":     func(k *raftpb.Chunk) { k.FileChunkId = 0 },
		"of another file":        func(k *raftpb.Chunk) { k.HasFileInfo = true },
		"of a witness":           func(k *raftpb.Chunk) { k.Witness = true },
		"of a file with a size":  func(k *raftpb.Chunk) { k.FileSize = 10 },
		"with a name":            func(k *raftpb.Chunk) { k.Filepath = "dragonboat-snapshot.message" },
		"with a path":            func(k *raftpb.Chunk) { k.Filepath = "../" + k.Filepath },
		"of another snapshot":    func(k *raftpb.Chunk) { k.Index++ },
		"with another size":      func(k *raftpb.Chunk) { k.ChunkSize++ },
		"that begins short":      func(k *raftpb.Chunk) { k.ChunkId, k.FileChunkId = 0, 0 },
		"of nobody's group":      func(k *raftpb.Chunk) { k.Membership.Addresses = nil },
		"of no membership":       func(k *raftpb.Chunk) { k.Membership.ConfigChangeId = 0 },
		"with a witness":         func(k *raftpb.Chunk) { k.Membership.Witnesses = map[uint64]string{5: "a:1"} },
		"with a wrong address":   func(k *raftpb.Chunk) { k.Membership.Addresses[2] = "b" },
		"with a replica 0":       func(k *raftpb.Chunk) { k.Membership.NonVotings[0] = "b:1" },
		"with half a vote":       func(k *raftpb.Chunk) { k.Membership.NonVotings[2] = "b:2" },
		"of a membership's last": func(k *raftpb.Chunk) { k.Membership.ConfigChangeId = 1<<64 - 1 },
	} {
		k := chunkOf(1, 10)
		change(&k)
		if err := c.checkChunk(&k); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRefusedMessagesAreNamed: who reads the log learns what came from whom.
func TestRefusedMessagesAreNamed(t *testing.T) {
	t.Parallel()
	b := batchWith("a:1", "content")
	b.Requests[1].Type = raftpb.CheckQuorum
	const want = "malformed: a message of type 10 (CheckQuorum) from replica 1 to 2 of group 8: none that a node sends"
	if err := checker().checkBatch(&b, "a:1"); fmt.Sprint(err) != want {
		t.Error(err)
	}
}
