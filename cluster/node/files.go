package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mantisdb/mantisdb/cluster"
)

// identity is what a node is for as long as its directory is there.
type identity struct {
	Format int            `json:"format"`
	Node   cluster.NodeID `json:"node"`
	Shards int            `json:"shards"`
	// Cluster is the one that the node is of; 0 if that was made before it had a number.
	Cluster clusterID `json:"cluster,omitempty"`
	// Protocol is the newest one that the cluster is known to use.
	Protocol cluster.Protocol `json:"protocol,omitempty"`
}

// hosted are the replicas that a node has, by the number of their group.
type hosted struct {
	Format   int             `json:"format"`
	Replicas []hostedReplica `json:"replicas"`
}

type hostedReplica struct {
	Group  uint64 `json:"group"`
	Number uint64 `json:"number"`
	// Members are the first ones of the group, for a replica that is one of them.
	Members map[uint64]string `json:"members,omitempty"`
	// NonVoting tells that the replica was added without a vote, and may have got one since.
	NonVoting bool `json:"non_voting,omitempty"`
}

// toldList is the list of nodes as this node knew it last. Those that it was told of when it first
// started may be gone when it starts again.
type toldList struct {
	Format  int            `json:"format"`
	Version uint64         `json:"version"`
	Nodes   []cluster.Node `json:"nodes"`
}

// filesFormat is the format of the files of this package.
const filesFormat = 1

// The files and directories within that of a node.
const (
	identityFile = "node.json"
	hostedFile   = "replicas.json"
	metFile      = "introductions.json"
	nodesFile    = "nodes.json"
	logsDir      = "consensus"
	shardsDir    = "shards"
)

// readFile reads a file of the node into what; found is false if there is none.
func readFile(path string, what any) (found bool, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var format struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &format); err != nil {
		return false, fmt.Errorf("%s is damaged: %w", path, err)
	}
	if format.Format != filesFormat {
		return false, fmt.Errorf("%s has format %d, and this program reads %d", path, format.Format, filesFormat)
	}
	return true, json.Unmarshal(text, what)
}

// writeFile replaces a file of the node: by the whole of the new one, whatever comes between.
func writeFile(path string, what any) error {
	text, err := json.MarshalIndent(what, "", "  ")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // of which nothing is left if it was renamed
	_, err = file.Write(append(text, '\n'))
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
