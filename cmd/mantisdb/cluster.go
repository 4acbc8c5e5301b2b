package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb/cluster"
)

func newClusterCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Look at a cluster, and change its nodes and shards",
		Long: "Asks any node of a cluster how that is laid out, or has it change that. What takes its\n" +
			"time, as to copy a shard, goes on after the command: see cluster status.",
		Example: "  mantisdb cluster status\n" +
			"  mantisdb cluster lead 11 4 --server=https://ops@db.example.com",
	}
	needCommand(cmd, "status")
	cmd.AddCommand(newClusterStatusCommand(), newClusterAddCommand(), newClusterRemoveCommand(),
		newClusterDrainCommand(), newClusterMoveCommand(), newClusterLeadCommand())
	return cmd
}

// clusterFlags say which node of a cluster is asked.
type clusterFlags struct {
	server string
	trust  trustFlags
}

func (f *clusterFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.server, "server", defaultServer, serverUsage)
	f.trust.add(cmd.Flags())
}

// use has a node used.
func (f *clusterFlags) use(cmd *cobra.Command, do func(*remote) error) error {
	node, err := openRemote(cmd.Context(), f.server, f.trust)
	if err != nil {
		return told(err)
	}
	defer node.Close()
	return told(notACluster(do(node)))
}

// notACluster says in place of a missing path what it means.
func notACluster(err error) error {
	if isProblem(err, http.StatusNotFound, "route-not-found") {
		return errors.New("the server is not a node of a cluster")
	}
	return err
}

// clusterPath is what the paths of all requests here begin with.
const clusterPath = apiPath + "/cluster"

func nodePath(id cluster.NodeID) string {
	return clusterPath + "/nodes/" + strconv.FormatUint(uint64(id), 10)
}

func shardPath(shard int) string { return clusterPath + "/shards/" + strconv.Itoa(shard) }

// tell sends a request with a body in JSON, whose answer tells nothing but success.
func (r *remote) tell(ctx context.Context, method, path string, body any) error {
	if body == nil {
		return r.call(ctx, method, path, http.Header{}, nil)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return r.call(ctx, method, path, jsonBody(), text)
}

// newNodeRequest is a node to be added, as the server takes it.
type newNodeRequest struct {
	ID     cluster.NodeID `json:"id,omitempty"`
	Client string         `json:"client"`
	Peer   string         `json:"peer"`
	Raft   string         `json:"raft"`
	Zone   string         `json:"zone,omitempty"`
}

func newClusterAddCommand() *cobra.Command {
	var flags clusterFlags
	var node newNodeRequest
	var id uint64
	cmd := &cobra.Command{
		Use:   "add --client=ADDRESS --peer=ADDRESS --raft=ADDRESS",
		Short: "Add a node, and write its number",
		Long: "Adds a node, whose program may be started then, and writes its number to standard\n" +
			"output. It gets replicas by and by.",
		Example: "  mantisdb cluster add --client=10.0.0.4:8080 --peer=10.0.0.4:8081 --raft=10.0.0.4:8082 --zone=rack2",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if node.Client == "" || node.Peer == "" || node.Raft == "" {
				return usageError{errors.New("--client, --peer and --raft are needed: each is a host and a port")}
			}
			node.ID = cluster.NodeID(id)
			return flags.use(cmd, func(at *remote) error { return addNode(cmd, at, &node) })
		},
	}
	flags.add(cmd)
	cmd.Flags().Uint64Var(&id, "id", 0, "the node's number, which no node has had; by itself, the next one")
	cmd.Flags().StringVar(&node.Client, "client", "", "its address for clients: host and port")
	cmd.Flags().StringVar(&node.Peer, "peer", "", "its address for other nodes")
	cmd.Flags().StringVar(&node.Raft, "raft", "", "its address for the consensus")
	cmd.Flags().StringVar(&node.Zone, "zone", "", "what fails together with it, such as a rack")
	return cmd
}

func addNode(cmd *cobra.Command, at *remote, node *newNodeRequest) error {
	body, err := json.Marshal(node)
	if err != nil {
		return err
	}
	resp, err := at.send(cmd.Context(), http.MethodPost, clusterPath+"/nodes", jsonBody(), body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var added struct{ ID cluster.NodeID }
	if err := json.NewDecoder(resp.Body).Decode(&added); err != nil {
		return fmt.Errorf("%w: %w", errNoSense, err)
	}
	_, err = fmt.Fprintln(dataOutput(cmd), added.ID)
	return err
}

func newClusterRemoveCommand() *cobra.Command {
	var flags clusterFlags
	var dead bool
	cmd := &cobra.Command{
		Use:   "remove NODE",
		Short: "Remove a node that was drained, or is dead",
		Long: "Removes a node that has no replicas any more, since it was drained. With --dead, removes\n" +
			"one that will not come back: what it had is copied anew from the other replicas. It\n" +
			"must never be started again. One that answers is not removed so: its process is to be\n" +
			"ended before.",
		Example: "  mantisdb cluster drain 4 && mantisdb cluster status\n" +
			"  mantisdb cluster remove 4\n" +
			"  mantisdb cluster remove 2 --dead",
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseNode(args[0])
			if err != nil {
				return err
			}
			path := nodePath(id)
			if dead {
				path += "?dead=true"
			}
			return flags.use(cmd, func(at *remote) error { return at.tell(cmd.Context(), http.MethodDelete, path, nil) })
		},
		ValidArgsFunction: noCompletion,
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&dead, "dead", false, "the node is gone for good, with all that it had")
	return cmd
}

func newClusterDrainCommand() *cobra.Command {
	var flags clusterFlags
	cmd := &cobra.Command{
		Use:     "drain NODE",
		Short:   "Have a node give its replicas to others",
		Long:    "Has a node give its replicas to others, one after the other, so that it can be removed.",
		Example: "  mantisdb cluster drain 4",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseNode(args[0])
			if err != nil {
				return err
			}
			return flags.use(cmd, func(at *remote) error { return at.tell(cmd.Context(), http.MethodPost, nodePath(id)+"/drain", nil) })
		},
		ValidArgsFunction: noCompletion,
	}
	flags.add(cmd)
	return cmd
}

func newClusterMoveCommand() *cobra.Command {
	var flags clusterFlags
	cmd := &cobra.Command{
		Use:     "move SHARD FROM TO",
		Short:   "Replace a replica of a shard by one on another node",
		Long:    "Makes a replica of a shard on the node TO, and then removes the one on the node FROM.",
		Example: "  mantisdb cluster move 11 1 4",
		Args:    usageArgs(cobra.ExactArgs(3)),
		RunE: func(cmd *cobra.Command, args []string) error {
			shard, shardErr := parseShard(args[0])
			from, fromErr := parseNode(args[1])
			to, toErr := parseNode(args[2])
			if err := errors.Join(shardErr, fromErr, toErr); err != nil {
				return err
			}
			move := map[string]cluster.NodeID{"from": from, "to": to}
			return flags.use(cmd, func(at *remote) error { return at.tell(cmd.Context(), http.MethodPost, shardPath(shard)+"/move", move) })
		},
		ValidArgsFunction: noCompletion,
	}
	flags.add(cmd)
	return cmd
}

func newClusterLeadCommand() *cobra.Command {
	var flags clusterFlags
	cmd := &cobra.Command{
		Use:     "lead SHARD NODE",
		Short:   "Have a node lead a shard of which it has a replica",
		Long:    "Has a node that has a replica of a shard lead it. Requests go on meanwhile.",
		Example: "  mantisdb cluster lead 11 4",
		Args:    usageArgs(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			shard, shardErr := parseShard(args[0])
			to, toErr := parseNode(args[1])
			if err := errors.Join(shardErr, toErr); err != nil {
				return err
			}
			lead := map[string]cluster.NodeID{"to": to}
			return flags.use(cmd, func(at *remote) error { return at.tell(cmd.Context(), http.MethodPost, shardPath(shard)+"/lead", lead) })
		},
		ValidArgsFunction: noCompletion,
	}
	flags.add(cmd)
	return cmd
}

func parseNode(arg string) (cluster.NodeID, error) {
	id, err := strconv.ParseUint(arg, 10, 64)
	if err != nil || id == 0 {
		return 0, usageError{fmt.Errorf("%q is no number of a node; mantisdb cluster status lists them", arg)}
	}
	return cluster.NodeID(id), nil
}

func parseShard(arg string) (int, error) {
	shard, err := strconv.Atoi(arg)
	if err != nil || shard < 0 {
		return 0, usageError{fmt.Errorf("%q is no number of a shard; mantisdb cluster status lists them", arg)}
	}
	return shard, nil
}
