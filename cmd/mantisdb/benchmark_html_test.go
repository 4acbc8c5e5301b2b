package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/web"
)

// measureWithPage runs the benchmark with a page for --benchmark-html, and with flags.
func measureWithPage(t *testing.T, page func() ([]byte, []byte, error), args ...string) error {
	t.Helper()
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags := addBenchmarkFlags(set)
	flags.page = page
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	cmd.SetOut(new(bytes.Buffer))
	cmd.SetErr(new(bytes.Buffer))
	return flags.measure(cmd, brief, flags.engines(mantisdb.EngineGo))
}

func TestBenchmarkWritesAPage(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "report.html")
	page := func() ([]byte, []byte, error) { return []byte("<before>"), []byte("<after>"), nil }
	if err := measureWithPage(t, page, "--benchmark-html="+path); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(written)
	if !strings.HasPrefix(text, `<before>{"version":"`) || !strings.HasSuffix(text, "}]}]}<after>") || !strings.Contains(text, `"name":"high_throughput"`) {
		t.Errorf("the page is %s", text)
	}
	if entries, _ := os.ReadDir(directory); len(entries) != 1 {
		t.Errorf("there are %v", entries)
	}
}

// TestBenchmarkWithoutAPage fails before anything is measured, and leaves nothing.
func TestBenchmarkWithoutAPage(t *testing.T) {
	broken := errors.New("broken")
	for _, failure := range []error{nil, broken} {
		directory := t.TempDir()
		page := func() ([]byte, []byte, error) { return nil, nil, failure }
		json := filepath.Join(directory, "figures.json")
		err := measureWithPage(t, page, "--benchmark-html="+filepath.Join(directory, "x"), "--benchmark-json="+json)
		if want := failure; want == nil && !errors.Is(err, errNoReportPage) || want != nil && !errors.Is(err, want) {
			t.Errorf("error is %v", err)
		}
		if entries, _ := os.ReadDir(directory); len(entries) > 0 {
			t.Errorf("%v is left behind", entries)
		}
	}
}

// TestThePageOfThisBuild is whole, if the dashboard was built.
func TestThePageOfThisBuild(t *testing.T) {
	before, after, err := web.Report()
	if err != nil {
		t.Fatal(err)
	}
	if before == nil {
		if web.Dashboard() != nil {
			t.Error("the dashboard was built without the page")
		}
		t.Skip("the dashboard was not built")
	}
	if !bytes.HasSuffix(bytes.TrimSpace(before), []byte(`id="report">`)) || !bytes.HasPrefix(bytes.TrimSpace(after), []byte("</script>")) {
		t.Errorf("the figures would be between %s and %s", before[max(0, len(before)-80):], after[:min(len(after), 80)])
	}
	for _, tag := range []string{"<script src=", "<script type=\"module\" src=", "<link "} {
		if bytes.Contains(before, []byte(tag)) || bytes.Contains(after, []byte(tag)) {
			t.Errorf("the page loads something: it has %s", tag)
		}
	}
}
