package figures

import (
	"time"

	"github.com/mantisdb/mantisdb"
)

// Snapshot is what there is to tell of a server at one moment. Counters count since it
// began, or what is of Redis alone since CONFIG RESETSTAT.
type Snapshot struct {
	// Stats are the database's own figures, which count since it was opened.
	mantisdb.Stats
	Server  Server  `json:"server"`
	Process Process `json:"process"`
	Disk    Disk    `json:"disk"`
	Redis   Redis   `json:"redis"`
	HTTP    HTTP    `json:"http"`
	// StaleReads are those of both protocols.
	StaleReads StaleReads `json:"stale_reads"`
	// Keyspaces are what each keyspace has, if somebody has counted: see
	// Collector.CountKeys.
	Keyspaces []Keyspace `json:"keyspaces,omitempty"`
}

// Server is which server it is.
type Server struct {
	Version string        `json:"version"`
	RunID   string        `json:"run_id"` // of this start
	Started time.Time     `json:"started"`
	Now     time.Time     `json:"now"`
	Uptime  time.Duration `json:"uptime_nanos"`
}

// Process is what the process takes of the machine.
type Process struct {
	Memory Memory `json:"memory"`
	CPU    CPU    `json:"cpu"`
}
