package figures

import (
	"fmt"
	"time"

	"github.com/mantisdb/mantisdb"
)

// rule finds one kind of warning.
type rule struct {
	id   string
	find func(*view) (Level, string) // no level: there is nothing to warn of
}

// view is what rules look at.
type view struct {
	*Snapshot
	dir string // of the data; empty in memory
	// machine is the memory that the process may take; 0 if it is not known.
	machine uint64
	// moment and minute are what was done in the last ten seconds, and in the last minute.
	moment, minute difference
	// snapshotAge is for how long at least a snapshot has been open that holds back what
	// was overwritten since; 0 if there is none.
	snapshotAge time.Duration
}

// rules are all kinds, those that matter most first.
var rules = []rule{
	{"writes-failed", writesFailed},
	{"disk-full", diskFull},
	{"machine-memory", machineMemory},
	{"memory-over-limit", memoryOverLimit},
	{"writers-stalled", writersStalled},
	{"background-errors", backgroundFailures},
	{"sync-slow", syncSlow},
	{"snapshot-open", snapshotOpen},
	{"snapshots-leaked", snapshotsLeaked},
	{"clients-refused", clientsRefused},
	{"clients-many", clientsMany},
	{"save-failed", saveFailed},
	{"durability", durabilityLow},
}

// databaseSilent is the kind of warning that the database does not answer: then there is
// nothing that rules could look at.
const databaseSilent = "database-silent"

// findWarnings are those of a view, in the order of the rules.
func findWarnings(v *view) []Warning {
	found := []Warning{}
	for _, r := range rules {
		if level, text := r.find(v); level != "" {
			found = append(found, Warning{ID: r.id, Level: level, Text: text, Since: v.Server.Now.UTC()})
		}
	}
	return found
}

func writesFailed(v *view) (Level, string) {
	if v.WritesFailed {
		return Critical, "the log could not be written: nothing is written any more until the server is started again"
	}
	return "", ""
}

func diskFull(v *view) (Level, string) { return almostFull("the disk is %d %% full", v.Disk.Full()) }

func machineMemory(v *view) (Level, string) {
	if v.machine == 0 {
		return "", ""
	}
	return almostFull("the server takes %d %% of the memory that it may have of the machine", float64(v.Process.Memory.Resident)/float64(v.machine))
}

// almostFull warns of a share from nine tenths on.
func almostFull(format string, share float64) (Level, string) {
	text := fmt.Sprintf(format, int(100*share))
	switch {
	case share >= 0.95:
		return Critical, text
	case share >= 0.9:
		return Caution, text
	}
	return "", ""
}

// memoryOverLimit: to be at the limit is no fault of a database that lets cold entries go.
func memoryOverLimit(v *view) (Level, string) {
	if limit := float64(v.MemoryLimit); limit > 0 && float64(v.MemoryBytes) > 1.05*limit {
		return Caution, fmt.Sprintf("the engine takes %d %% of its memory limit", int(100*float64(v.MemoryBytes)/limit))
	}
	return "", ""
}

// writersStalled: that they are slowed down a little is how writers and flushes keep pace.
func writersStalled(v *view) (Level, string) {
	stalled, span := time.Duration(v.moment.of(stallNanos)), v.moment.span
	text := fmt.Sprintf("writers were held up for %.1f s in the last %.0f s, all together, by flushes, compactions or evictions that lag",
		stalled.Seconds(), span.Seconds())
	switch {
	case stalled < time.Second || stalled < span/5:
		return "", ""
	case stalled >= 2*span:
		return Critical, text
	}
	return Caution, text
}

func backgroundFailures(v *view) (Level, string) {
	if n := v.minute.of(backgroundErrors); n > 0 {
		return Caution, several(n, "flush, compaction or the like", "flushes, compactions or the like") + " failed within a minute, and will be tried again; the log says why"
	}
	return "", ""
}

// syncSlow looks at more than one, since one alone may meet anything.
func syncSlow(v *view) (Level, string) {
	n := v.moment.of(syncs)
	if n < 3 {
		return "", ""
	}
	mean := time.Duration(v.moment.of(syncNanos) / n)
	text := fmt.Sprintf("a sync of the log takes %v on average, and durable writes wait for it", mean.Round(10*time.Millisecond))
	switch {
	case mean >= time.Second:
		return Critical, text
	case mean >= 100*time.Millisecond:
		return Caution, text
	}
	return "", ""
}

// longOpen is for how long a snapshot may be open without a word.
const longOpen = 30 * time.Minute

func snapshotOpen(v *view) (Level, string) {
	if v.snapshotAge < longOpen {
		return "", ""
	}
	age := fmt.Sprintf("%d min", v.snapshotAge/time.Minute)
	if v.snapshotAge >= 2*time.Hour {
		age = fmt.Sprintf("%d h", v.snapshotAge/time.Hour)
	}
	return Caution, "a snapshot has been open for " + age + ", and keeps all that was overwritten since"
}

func snapshotsLeaked(v *view) (Level, string) {
	if n := v.LeakedSnapshots; n > 0 {
		return Caution, several(n, "snapshot was", "snapshots were") + " dropped without being closed, which is a mistake of the program"
	}
	return "", ""
}

func clientsRefused(v *view) (Level, string) {
	if n := v.minute.of(refusedClients); n > 0 {
		return Caution, several(n, "connection was", "connections were") + fmt.Sprintf(" refused within a minute, since %d at once are accepted", v.Redis.Clients.Most)
	}
	return "", ""
}

func clientsMany(v *view) (Level, string) {
	if c := &v.Redis.Clients; c.Most > 0 && 10*c.Connected >= 9*c.Most {
		return Caution, fmt.Sprintf("%d clients are connected, and %d at once are accepted", c.Connected, c.Most)
	}
	return "", ""
}

func saveFailed(v *view) (Level, string) {
	if v.Redis.Saves.Failed {
		return Caution, "the last save that a client asked for failed; the log says why"
	}
	return "", ""
}

func durabilityLow(v *view) (Level, string) {
	switch {
	case v.Engine == mantisdb.EngineCache:
		return "", "" // as anybody expects of a cache
	case v.dir == "":
		return Info, "all data is in memory, and is lost when the server ends"
	case v.Durability == mantisdb.DurabilityBuffered:
		return Info, "writes are acknowledged before they are on disk: if the power fails, those of about a second may be lost"
	case v.Durability == mantisdb.DurabilityMemory:
		return Info, "writes are acknowledged before they are logged, and may be lost when the server ends unexpectedly"
	}
	return "", ""
}

func several(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
