package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/cluster/simulation"
)

var quick = []string{"--nodes=6,9", "--shards=32", "--years=1", "--trials=50", "--failures=2", "--node-data=1GiB"}

// Each part has its rows, and each row a figure for each cluster.
func TestTable(t *testing.T) {
	var out strings.Builder
	if err := run(quick, &out); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"sets of nodes", "loss of a node", "drain of a node", "join of a node", "loss of a zone",
		"2 nodes at the same time", "copysets: some shard loses all copies", "available", "shard map",
	} {
		if !strings.Contains(out.String(), "  "+name+" ") && !strings.Contains(out.String(), " "+name+" ") {
			t.Errorf("no row %q in\n%s", name, out.String())
		}
	}
	for line := range strings.Lines(out.String()) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[0] == "shards" && fields[1] == "32" && fields[2] == "32" {
			return
		}
	}
	t.Errorf("no two columns in\n%s", out.String())
}

func TestJSON(t *testing.T) {
	var out strings.Builder
	if err := run(append(quick, "--json", "--parts=control", "--node-data=2MiB"), &out); err != nil {
		t.Fatal(err)
	}
	var reports []simulation.Report
	if err := json.Unmarshal([]byte(out.String()), &reports); err != nil {
		t.Fatal(err)
	}
	if len(reports) != 2 || reports[1].Config.Nodes != 9 || reports[0].Config.NodeData != 2<<20 ||
		reports[1].Control == nil || reports[1].Control.Connections != 8 || reports[0].Year != nil {
		t.Errorf("%+v", reports)
	}
}

func TestErrors(t *testing.T) {
	for _, args := range [][]string{
		{"--shards=20000"}, {"--parts=fate"}, {"--link=wide"}, {"--nodes=2"}, {"three"}, {"--nodes="},
	} {
		if err := run(args, &strings.Builder{}); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
}
