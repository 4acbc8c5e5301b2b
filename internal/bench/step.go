package bench

// Step is how far a run is, for programs that follow it.
type Step struct {
	Engine     string  `json:"engine"`
	Workload   string  `json:"workload"`
	Done       int     `json:"done"`       // workloads that are finished, of all engines
	Total      int     `json:"total"`      // workloads of all engines
	Part       float64 `json:"part"`       // of this workload, from 0 to 1
	Operations uint64  `json:"operations"` // of this workload
}
