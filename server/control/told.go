package control

import "time"

// Client is a connection of the protocol.
type Client struct {
	ID       int64         `json:"id"`
	Address  string        `json:"address"`
	Name     string        `json:"name"` // empty if it has none
	User     string        `json:"user"`
	Protocol int           `json:"protocol"` // the version: 2 or 3
	Database int           `json:"database"`
	Age      time.Duration `json:"age_nanos"`
	Idle     time.Duration `json:"idle_nanos"` // since it sent something
	Command  string        `json:"command"`    // the last one; empty before the first
	// Query and Reply are what is kept for the connection, of commands that came and of
	// replies and messages that wait.
	Query         int64 `json:"query_bytes"`
	Reply         int64 `json:"reply_bytes"`
	Subscriptions int   `json:"subscriptions"` // channels and patterns that it listens to
	Blocked       bool  `json:"blocked"`       // it waits for the end of a pause
}

// SlowCommand is one that took long.
type SlowCommand struct {
	ID   int64         `json:"id"`
	Time time.Time     `json:"time"` // when it began
	Took time.Duration `json:"took_nanos"`
	// Args are the command and its arguments, the long ones cut, secrets left out, and
	// bytes that are not UTF-8 written as \x and two digits.
	Args   []string `json:"args"`
	Client string   `json:"client"` // its address
	Name   string   `json:"name"`   // that the client has given itself
}

// The types of parameters.
const (
	TypeSize     = "size"     // bytes, as a number or with a unit
	TypeDuration = "duration" // as 1m30s
	TypeNumber   = "number"
	TypeChoice   = "choice" // one of Choices
	TypeText     = "text"
)

// Parameter is something that is configured.
type Parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Live  bool   `json:"live"`  // it may be changed while the server runs
	About string `json:"about"` // in one line
	Type  string `json:"type"`
	// Choices are the values that it may have, if there are few.
	Choices []string `json:"choices,omitempty"`
}

// Command is one that clients may send.
type Command struct {
	Name       string   `json:"name"` // in capitals; of a subcommand with that of its command before it
	Summary    string   `json:"summary"`
	Since      string   `json:"since"` // the version of Redis
	Group      string   `json:"group"`
	Complexity string   `json:"complexity"`
	Syntax     string   `json:"syntax"` // of the arguments; empty for none
	Arity      int      `json:"arity"`  // how many words it takes, the name's included; -n is at least n
	Categories []string `json:"categories"`
}
