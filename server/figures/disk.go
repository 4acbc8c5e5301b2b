package figures

// Disk is the room of the file system that has the data directory, in bytes; zeros in
// memory, and where the system does not tell.
type Disk struct {
	Free uint64 `json:"free_bytes"` // that the server may still take
	// Total is what it may take beside what is used, without what the system keeps for
	// its administrator: what `df` reckons a percentage of.
	Total uint64 `json:"total_bytes"`
}

// Full is the share of the file system that is used, from 0 to 1; 0 if it is not known.
func (d Disk) Full() float64 {
	if d.Total == 0 {
		return 0
	}
	return 1 - float64(d.Free)/float64(d.Total)
}
