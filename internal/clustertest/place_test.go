//go:build linux

package clustertest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/mantisdb/mantisdb/internal/clustertest/network"
)

// place is where nodes run, and clients reach them. Nodes are numbered from 1.
type place interface {
	// Address is the IP address of a node.
	Address(node int) string
	// Command is a program where the node is, which is the process that is started.
	Command(node int, program string, args ...string) *exec.Cmd
	// Dial connects a client.
	Dial(ctx context.Context, network, address string) (net.Conn, error)
}

// newNetwork makes a network that is removed after the test, or skips the test.
func newNetwork(t *testing.T, hosts int) *network.Network {
	t.Helper()
	if err := network.Available(); err != nil {
		t.Skip(err)
	}
	n, err := network.New(hosts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// loopback is the loopback network. Addresses are of this process alone, as far as other
// processes do as this one does.
type loopback struct{ net.Dialer }

func (*loopback) Address(node int) string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 1+pid>>8&0x7f, pid&0xff, node)
}

func (*loopback) Command(_ int, program string, args ...string) *exec.Cmd {
	return exec.Command(program, args...)
}

// shifted is the loopback network with other addresses, for one more cluster beside.
type shifted struct {
	loopback
	by int
}

func (s *shifted) Address(node int) string { return s.loopback.Address(node + s.by) }

func (l *loopback) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return l.DialContext(ctx, network, address)
}
