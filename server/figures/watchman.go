package figures

import "time"

// watchman looks at each snapshot that the history takes, and finds what to warn of.
type watchman struct {
	dir     string
	machine uint64
	// oldest is the oldest snapshot that was open, and since when it has been the oldest
	// one and not the newest state.
	oldest      uint64
	oldestSince time.Time
}

// spans that rules look back at, in steps of the history.
const (
	stepsOfMoment = 10
	stepsOfMinute = 60
)

// look finds the warnings of a snapshot. recent has the sample of the snapshot, and those
// before it.
func (m *watchman) look(f *Snapshot, recent *ring) []Warning {
	m.followOldest(f)
	v := view{Snapshot: f, dir: m.dir, machine: m.machine, moment: recent.last(stepsOfMoment), minute: recent.last(stepsOfMinute)}
	if m.oldest != 0 {
		v.snapshotAge = f.Server.Now.Sub(m.oldestSince)
	}
	return findWarnings(&v)
}

// followOldest notes since when the oldest open snapshot holds anything back. A snapshot of
// the newest state holds nothing; and of an older one no other can be opened, so that it is
// the same as long as its version is.
func (m *watchman) followOldest(f *Snapshot) {
	oldest := f.OldestSnapshot
	if oldest >= f.LastVersion {
		oldest = 0
	}
	if oldest != m.oldest {
		m.oldest, m.oldestSince = oldest, f.Server.Now
	}
}

// silent is the warning that the database does not answer.
func silent(err error) []Warning {
	return []Warning{{ID: databaseSilent, Level: Critical, Text: "the database does not answer: " + err.Error(), Since: time.Now().UTC()}}
}
