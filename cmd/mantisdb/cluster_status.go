package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb/cluster"
)

func newClusterStatusCommand() *cobra.Command {
	var flags clusterFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the nodes and the shards",
		Long: "Writes a line for each node and for each shard, as the node that is asked knows them:\n" +
			"it is marked by a star. The line meta is where the list of nodes is kept. A dash is what\n" +
			"nobody knows, and an exclamation mark a replica that does not run: its node's log says\n" +
			"why.",
		Example: "  mantisdb cluster status\n" +
			"  mantisdb cluster status --json | jq '.shards[] | select(.leader == 0)'",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.use(cmd, func(at *remote) error { return showCluster(cmd, at, asJSON) })
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one line of JSON, as the server tells it")
	return cmd
}

// clusterStatus is how a cluster is laid out, as a server tells it.
type clusterStatus struct {
	Self   cluster.NodeID `json:"self"`
	Nodes  []cluster.Node `json:"nodes"`
	Shards []struct {
		Number    int    `json:"shard"`
		FirstSlot uint16 `json:"first_slot"`
		LastSlot  uint16 `json:"last_slot"`
		cluster.Shard
	} `json:"shards"`
	Meta cluster.Shard `json:"meta"`
}

func showCluster(cmd *cobra.Command, at *remote, asJSON bool) error {
	var text json.RawMessage
	if err := at.ask(cmd.Context(), http.MethodGet, clusterPath, &text); err != nil {
		return err
	}
	out := dataOutput(cmd)
	if asJSON {
		var line bytes.Buffer
		if err := json.Compact(&line, text); err != nil {
			return fmt.Errorf("%w: %w", errNoSense, err)
		}
		_, err := fmt.Fprintf(out, "%s\n", line.Bytes())
		return err
	}
	var status clusterStatus
	if err := json.Unmarshal(text, &status); err != nil {
		return fmt.Errorf("%w: %w", errNoSense, err)
	}
	return status.write(out)
}

// write writes two tables, of the nodes and of the shards.
func (s *clusterStatus) write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "node\tstate\treachable\tversion\tzone\tclient\tpeer\traft\tleads\treplicas")
	for i := range s.Nodes {
		n := &s.Nodes[i]
		name := nodeText(n.ID)
		if n.ID == s.Self {
			name += "*"
		}
		leads, replicas := s.countShards(n.ID)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\n", name, plainText(string(n.State)), yesNo(n.Reachable),
			plainText(n.Version), plainText(n.Zone), plainText(n.Client), plainText(n.Peer), plainText(n.Raft), leads, replicas)
	}
	fmt.Fprintln(w, "\nshard\tslots\tleader\tterm\treplicas")
	for _, shard := range s.Shards {
		fmt.Fprintf(w, "%d\t%d-%d\t%s\n", shard.Number, shard.FirstSlot, shard.LastSlot, shardText(shard.Shard))
	}
	fmt.Fprintf(w, "meta\t-\t%s\n", shardText(s.Meta))
	return w.Flush()
}

// shardText are the columns of who leads, in which term, and where the replicas are.
func shardText(s cluster.Shard) string {
	replicas := make([]string, len(s.Replicas))
	for i, id := range s.Replicas {
		replicas[i] = nodeText(id)
		if slices.Contains(s.Failed, id) {
			replicas[i] += "!"
		}
	}
	return fmt.Sprintf("%s\t%d\t%s", nodeText(s.Leader), s.Term, strings.Join(replicas, ","))
}

// countShards tells how many shards a node leads, and of how many it has a replica.
func (s *clusterStatus) countShards(id cluster.NodeID) (leads, replicas int) {
	for _, shard := range s.Shards {
		if shard.Leader == id {
			leads++
		}
		for _, at := range shard.Replicas {
			if at == id {
				replicas++
			}
		}
	}
	return leads, replicas
}

// nodeText is the number of a node, or a dash for none.
func nodeText(id cluster.NodeID) string {
	if id == 0 {
		return "-"
	}
	return strconv.FormatUint(uint64(id), 10)
}

// plainText is a text of a server's as it may go to a terminal, or a dash for none.
func plainText(text string) string {
	if text == "" {
		return "-"
	}
	return string(appendEscaped(nil, []byte(text)))
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
