package crashtest

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// TestKillOfAppliedIndex kills a program that stores an index with each write. After
// each kill the index must be that of what is there, and nothing acknowledged be missing.
func TestKillOfAppliedIndex(t *testing.T) {
	for _, engine := range []string{mantisdb.EngineGo, mantisdb.EngineRust} {
		for _, level := range []mantisdb.Durability{mantisdb.DurabilitySync, mantisdb.DurabilityBuffered, mantisdb.DurabilityMemory} {
			t.Run(engine+" "+level.String(), func(t *testing.T) {
				skipWhatIsMissing(t, engine)
				role := libraryRole{
					Dir: filepath.Join(t.TempDir(), "data"), Engine: engine, Durability: level,
					MemoryLimit: mantisdb.MinMemoryLimit, Applies: true,
				}
				var last uint64
				for range cycles(t) {
					found, acknowledged := applyUntilKilled(t, role)
					if found < last && level != mantisdb.DurabilityMemory {
						t.Fatalf("the applied index is %d after %d was acknowledged", found, last)
					}
					last = acknowledged
				}
				if last == 0 {
					t.Error("nothing was ever acknowledged")
				}
			})
		}
	}
}

// applyUntilKilled lets a process apply for a while, and returns the index that it found
// and the last one that it acknowledged.
func applyUntilKilled(t *testing.T, role libraryRole) (found, acknowledged uint64) {
	t.Helper()
	text, err := json.Marshal(role)
	if err != nil {
		t.Fatal(err)
	}
	p := &libraryProcess{cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), roleVariable+"="+string(text))
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer p.cmd.Wait() // it was killed
	defer p.cmd.Process.Kill()
	m, ok := p.next(t)
	if !ok {
		t.Fatal("the process ended by itself")
	}
	time.AfterFunc(time.Duration(20+rand.IntN(200))*time.Millisecond, func() { _ = p.cmd.Process.Kill() })
	for found = m.Count; ok; m, ok = p.next(t) {
		acknowledged = m.Count
	}
	return found, acknowledged
}
