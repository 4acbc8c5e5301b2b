//go:build rust && linux

package mantisdb_test

import (
	"encoding/binary"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mantisdb/mantisdb"
)

// TestFiguresOfManyKeys measures what 10M keys of 16 bytes with values of 100
// cost beside speed: resident memory, and what Go's collector notices of them.
// It takes 3 GB and half a minute, so it runs only on request:
//
//	MANTISDB_FIGURES=1 go test -tags rust -run TestFiguresOfManyKeys -v .
func TestFiguresOfManyKeys(t *testing.T) {
	if os.Getenv("MANTISDB_FIGURES") == "" {
		t.Skip("set MANTISDB_FIGURES=1 to load 10M keys")
	}
	const keys = 10_000_000
	db, err := mantisdb.Open("", &mantisdb.Options{Engine: "rust"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	without, before := forcedGC(), residentBytes(t)
	var key [16]byte
	value := make([]byte, 100)
	for i := range uint64(keys) {
		binary.BigEndian.PutUint64(key[8:], i*0x9E3779B97F4A7C15)
		if err := db.Put(key[:], value); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(3 * time.Second) // the hash index may still be moving
	perKey := float64(residentBytes(t)-before) / keys
	with := forcedGC()

	t.Logf("%.1f bytes resident a key; forced GC: %v without keys, %v with them", perKey, without, with)
	if perKey > 220 {
		t.Errorf("%.1f bytes resident a key, at most 220 are allowed", perKey)
	}
	if with > 2*without+time.Millisecond {
		t.Errorf("a forced GC takes %v with the keys, %v without", with, without)
	}
}

// forcedGC is the shortest time of 21 forced collections: what the work takes
// when nothing else takes the cores.
func forcedGC() time.Duration {
	times := make([]time.Duration, 21)
	for i := range times {
		start := time.Now()
		runtime.GC()
		times[i] = time.Since(start)
	}
	return slices.Min(times)
}

// residentBytes is the process's resident memory.
func residentBytes(t *testing.T) uint64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kib, err := strconv.ParseUint(fields[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("no VmRSS in /proc/self/status")
	return 0
}
