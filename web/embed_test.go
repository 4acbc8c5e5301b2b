package web

import (
	"io/fs"
	"path"
	"testing"
)

// maxSize is what the dashboard may take on the way to a browser, in bytes.
const maxSize = 200 << 10

// TestSize: all that a browser loads, compressed, is small. The report of a benchmark is no
// part of the dashboard.
func TestSize(t *testing.T) {
	files := Dashboard()
	if files == nil {
		t.Skip("the dashboard was not built")
	}
	var size int64
	for _, pattern := range []string{indexFile + ".gz", "assets/*.gz"} {
		names, err := fs.Glob(files, pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %q, %v", pattern, names, err)
		}
		for _, name := range names {
			info, err := fs.Stat(files, name)
			if err != nil {
				t.Fatal(err)
			}
			size += info.Size()
		}
	}
	if size > maxSize {
		t.Errorf("the dashboard takes %d bytes compressed, more than %d", size, maxSize)
	}
	t.Logf("%d bytes compressed", size)
}

// TestCompressed: every file that is text is there compressed.
func TestCompressed(t *testing.T) {
	files := Dashboard()
	if files == nil {
		t.Skip("the dashboard was not built")
	}
	names, err := fs.Glob(files, "assets/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if extension := path.Ext(name); extension != ".js" && extension != ".css" {
			continue
		}
		if _, err := fs.Stat(files, name+".gz"); err != nil {
			t.Error(err)
		}
	}
}
