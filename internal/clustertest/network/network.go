//go:build linux

package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Network is some hosts on one bridge. Each is a network namespace; the bridge is in one
// more, the hub, so that nothing outside of these namespaces changes, and networks do not
// meet. All methods may be called from several goroutines at once, but those that cut links
// only from one.
type Network struct {
	prefix string
	hosts  int
}

// subnet is that of every network: they do not meet.
const subnet = "10.77.0."

// hubAddress is what the hub has there.
const hubAddress = subnet + "254"

// Available tells what is missing to make networks, nil if nothing is.
func Available() error {
	if os.Geteuid() != 0 {
		return errors.New("network namespaces need root")
	}
	for _, tool := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("network namespaces need %s (Debian: apt-get install iproute2 nftables): %w", tool, err)
		}
	}
	return nil
}

// New makes a network with hosts from 1 to the number given, at most 253. Close removes it.
// What processes that are gone have left of theirs is removed first.
func New(hosts int) (*Network, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	if err := sweep(); err != nil {
		return nil, err
	}
	n := &Network{prefix: unusedPrefix(), hosts: hosts}
	if err := n.make(); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Network) make() error {
	hub := n.hub()
	if err := runAll(
		"ip netns add "+hub,
		"ip -n "+hub+" link set lo up",
		"ip -n "+hub+" link add bridge type bridge",
		"ip -n "+hub+" addr add "+hubAddress+"/24 dev bridge",
		"ip -n "+hub+" link set bridge up",
	); err != nil {
		return err
	}
	for host := 1; host <= n.hosts; host++ {
		name, port := n.namespace(host), fmt.Sprintf("port%d", host)
		if err := runAll(
			"ip netns add "+name,
			"ip -n "+name+" link set lo up",
			"ip -n "+hub+" link add "+port+" type veth peer name eth0 netns "+name,
			"ip -n "+hub+" link set "+port+" master bridge up",
			"ip -n "+name+" addr add "+n.Address(host)+"/24 dev eth0",
			"ip -n "+name+" link set eth0 up",
		); err != nil {
			return err
		}
		if err := n.prepareCuts(host); err != nil {
			return err
		}
	}
	return nil
}

// Hosts is how many there are.
func (n *Network) Hosts() int { return n.hosts }

// Address is the IP address of a host.
func (n *Network) Address(host int) string { return fmt.Sprint(subnet, host) }

// Command is a program on a host, to be started by the caller. It is the process itself
// that runs, not a child of it.
func (n *Network) Command(host int, program string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", n.namespace(host), program}, args...)...)
}

// Dial connects from the hub, whose links are never cut. The address must have an IP address
// for a host.
func (n *Network) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	inside := within(n.hub(), func() {
		var d net.Dialer
		conn, err = d.DialContext(ctx, network, address)
	})
	return conn, errors.Join(inside, err)
}

// Close ends the processes of the hosts and removes the namespaces.
func (n *Network) Close() error {
	names, err := namespaces()
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, n.prefix) {
			err = errors.Join(err, remove(name))
		}
	}
	return err
}

func (n *Network) hub() string               { return n.prefix + "hub" }
func (n *Network) namespace(host int) string { return fmt.Sprint(n.prefix, host) }

// within does something on a thread that is in a namespace. A socket stays in the one that it
// was made in.
func within(namespace string, do func()) error {
	done := make(chan error, 1)
	go func() {
		// The thread is not given back, and ends with the goroutine.
		runtime.LockOSThread()
		ns, err := os.Open("/run/netns/" + namespace)
		if err == nil {
			err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
			ns.Close()
		}
		if err == nil {
			do()
		}
		done <- err
	}()
	return <-done
}

// runAll runs commands, whose words have spaces between them.
func runAll(commands ...string) error {
	for _, command := range commands {
		if err := run("", strings.Fields(command)...); err != nil {
			return err
		}
	}
	return nil
}

// run runs a command with an input.
func run(input string, command ...string) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, out)
	}
	return nil
}
