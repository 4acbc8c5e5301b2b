package figures

import (
	"time"

	"github.com/mantisdb/mantisdb"
)

// Redis is what the Redis protocol has to tell.
type Redis struct {
	Clients  Clients `json:"clients"`
	Traffic  Traffic `json:"traffic"`
	Rates    Rates   `json:"rates"`
	Channels int     `json:"channels"` // that somebody listens to
	Patterns int     `json:"patterns"`
	Saves    Saves   `json:"saves"`
	// Errors are how many errors were replied, by their codes.
	Errors map[string]int64 `json:"errors"`
	// Commands are those that were sent, in the order of their names.
	Commands []Command `json:"commands"`
	// Baseline are the database's figures at the last CONFIG RESETSTAT, which it does not
	// touch.
	Baseline mantisdb.Stats `json:"-"`
}

// Clients are about connections.
type Clients struct {
	Connected      int   `json:"connected"`
	Blocked        int64 `json:"blocked"` // that wait for the end of CLIENT PAUSE
	Most           int   `json:"most"`    // connections at once that are accepted
	Accepted       int64 `json:"accepted"`
	Refused        int64 `json:"refused"`
	Evicted        int64 `json:"evicted"` // since clients took too much memory together
	ProtocolErrors int64 `json:"protocol_errors"`
	LongestQuery   int64 `json:"longest_query_bytes"` // that a client's commands take now
	LongestReply   int64 `json:"longest_reply_bytes"` // that wait for a client now
	Memory         int64 `json:"memory_bytes"`        // roughly
}

// Traffic is what has passed over connections.
type Traffic struct {
	Received int64 `json:"received_bytes"`
	Sent     int64 `json:"sent_bytes"`
	Reads    int64 `json:"reads"`    // from connections that brought something
	Writes   int64 `json:"writes"`   // to connections
	Commands int64 `json:"commands"` // executed
}

// Rates are what was done in the last second.
type Rates struct {
	Commands float64 `json:"commands"`
	Received float64 `json:"received_bytes"`
	Sent     float64 `json:"sent_bytes"`
}

// Saves are about saves and compactions that clients have asked for.
type Saves struct {
	Running          bool          `json:"running"`
	Began            time.Time     `json:"began,omitzero"` // the last one
	Last             time.Time     `json:"last"`           // when the last one ended that succeeded, or the server began
	Took             time.Duration `json:"took_nanos"`     // that one; 0 before the first
	Done             int64         `json:"done"`
	Failed           bool          `json:"failed"`  // the last one
	Changes          uint64        `json:"changes"` // what the database had counted of them then
	Compacting       bool          `json:"compacting"`
	CompactionFailed bool          `json:"compaction_failed"`
}

// Command is what was done of a command.
type Command struct {
	Name     string        `json:"name"` // of a subcommand, that of its command and | first
	Calls    int64         `json:"calls"`
	Failed   int64         `json:"failed"`     // calls that ended with an error
	Rejected int64         `json:"rejected"`   // not executed, for their arguments or what the client may do
	Time     time.Duration `json:"time_nanos"` // of all calls
	// Latencies are how many calls took how long. The calls of a pipeline that were
	// executed together count each with its part of the time.
	Latencies Latencies `json:"latencies"`
}
