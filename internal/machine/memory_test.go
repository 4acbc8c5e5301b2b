package machine

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// files writes files below a directory of the test's own.
type files struct {
	t   *testing.T
	dir string
}

func (f files) write(path, text string) string {
	f.t.Helper()
	path = filepath.Join(f.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return path
}

func TestMemoryOfTheSystem(t *testing.T) {
	f := files{t, t.TempDir()}
	info := f.write("meminfo", "MemFree: 1 kB\nMemTotal:       2048 kB\nMemAvailable: much\n")
	for label, want := range map[string]uint64{"MemTotal:": 2 << 20, "MemFree:": 1 << 10, "MemAvailable:": 0, "None:": 0} {
		if got := memory(info, label); got != want {
			t.Errorf("%s is %d, want %d", label, got, want)
		}
	}
	if got := memory(filepath.Join(f.dir, "none"), "MemTotal:"); got != 0 {
		t.Errorf("a file that is not there tells %d", got)
	}
}

func TestGroupsBoundIt(t *testing.T) {
	f := files{t, t.TempDir()}
	root := filepath.Join(f.dir, "fs")
	own := groups(root, f.write("self", "1:name=systemd:/x\n0::/a/b\n"))
	f.write("fs/a/memory.max", "4096\n")
	f.write("fs/a/b/memory.max", "max\n")
	if got := atMost(1<<20, own, limitOf); got != 4096 {
		t.Errorf("with a limit above it may take %d", got)
	}
	f.write("fs/a/b/memory.max", "1024\n")
	if got := atMost(1<<20, own, limitOf); got != 1024 {
		t.Errorf("with a limit of its own it may take %d", got)
	}
	if got := atMost(100, own, limitOf); got != 100 {
		t.Errorf("of 100 it may take %d", got)
	}
	f.write("fs/a/memory.current", "4000\n")
	f.write("fs/a/memory.stat", "anon 3500\ninactive_file 500\n")
	f.write("fs/a/b/memory.current", "100\n")
	if got := atMost(1<<20, own, roomOf); got != 4096-3500 {
		t.Errorf("%d are available", got)
	}
	f.write("fs/a/b/memory.current", "2000\n")
	if got := atMost(1<<20, own, roomOf); got != 0 {
		t.Errorf("%d are available of a group that has more than it may", got)
	}
	for _, none := range []string{f.write("self", "1:memory:/x\n"), filepath.Join(f.dir, "none")} {
		if got := groups(root, none); got != nil {
			t.Errorf("the groups are %q", got)
		}
	}
}

func TestMemoryOfThisMachine(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the system does not tell")
	}
	resident, available, all := ResidentBytes(), AvailableBytes(), MemoryBytes()
	if resident == 0 || available == 0 || resident >= all || available > all {
		t.Errorf("%d of %d are taken by this process, and %d are available", resident, all, available)
	}
}
