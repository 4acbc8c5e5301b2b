//go:build linux

package network

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func newNetwork(t *testing.T, hosts int) *Network {
	t.Helper()
	if err := Available(); err != nil {
		t.Skip(err)
	}
	n, err := New(hosts)
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

const port = ":7"

// echo has a host send back what comes.
func echo(t *testing.T, n *Network, host int) {
	t.Helper()
	var listener net.Listener
	var err error
	if inside := within(n.namespace(host), func() { listener, err = net.Listen("tcp", n.Address(host)+port) }); inside != nil || err != nil {
		t.Fatal(inside, err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				text := make([]byte, 1)
				for {
					if _, err := conn.Read(text); err != nil {
						return
					}
					if _, err := conn.Write(text); err != nil {
						return
					}
				}
			}()
		}
	}()
}

// patience is how long a link is waited for that may be cut.
const patience = 300 * time.Millisecond

// dial connects from one host to another.
func dial(n *Network, from, to int) (conn net.Conn, err error) {
	inside := within(n.namespace(from), func() { conn, err = net.DialTimeout("tcp", n.Address(to)+port, patience) })
	if inside != nil {
		return nil, inside
	}
	return conn, err
}

// reaches tells whether a connection can be made.
func reaches(n *Network, from, to int) bool {
	conn, err := dial(n, from, to)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// answers tells whether something that is sent comes back.
func answers(t *testing.T, conn net.Conn) bool {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("a")); err != nil {
		return false
	}
	_, err := conn.Read(make([]byte, 1))
	return err == nil
}

func TestLinks(t *testing.T) {
	n := newNetwork(t, 3)
	for host := 1; host <= 3; host++ {
		echo(t, n, host)
	}
	expect := func(what string, links ...string) {
		t.Helper()
		for from := 1; from <= 3; from++ {
			for to := 1; to <= 3; to++ {
				link := string(rune('0'+from)) + string(rune('0'+to))
				if got, want := reaches(n, from, to), !slices.Contains(links, link); got != want {
					t.Errorf("%s: from %d to %d: reached %v, want %v", what, from, to, got, want)
				}
			}
			conn, err := n.Dial(context.Background(), "tcp", n.Address(from)+port)
			if err != nil {
				t.Fatalf("%s: from the hub to %d: %v", what, from, err)
			}
			conn.Close()
		}
	}
	expect("whole")
	open, err := dial(n, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := n.Part([]int{1}, []int{2, 3}); err != nil {
		t.Fatal(err)
	}
	expect("parted", "12", "13", "21", "31")
	if answers(t, open) {
		t.Error("a connection that was open goes through a cut")
	}
	if err := n.Heal(); err != nil {
		t.Fatal(err)
	}
	expect("healed")
	// One way is cut: no connection is made, and one that there is loses one direction.
	again, err := dial(n, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := n.Cut(1, 2); err != nil {
		t.Fatal(err)
	}
	if answers(t, again) {
		t.Error("an answer went through a cut")
	}
	expect("cut", "12", "21")
	if err := n.Heal(); err != nil {
		t.Fatal(err)
	}
	// A host that refuses others says so at once, also to whom it was connected with.
	broken, err := dial(n, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer broken.Close()
	if err := n.Refuse(1, 2, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := dial(n, 3, 1); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("a connection that is refused: %v", err)
	}
	if answers(t, broken) {
		t.Error("a connection outlives that its host refuses it")
	}
	if _, err := broken.Write([]byte("a")); !errors.Is(err, unix.EPIPE) && !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("a connection that was broken: %v", err)
	}
	expect("refused", "12", "13", "21", "31")
}

// TestSweep: what a process has left that was killed is removed by the next.
func TestSweep(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	left := &Network{prefix: strings.Replace(unusedPrefix(), strconv.Itoa(os.Getpid()), strconv.Itoa(gone.Process.Pid), 1), hosts: 1}
	if err := left.make(); err != nil {
		t.Fatal(err)
	}
	sleeper := left.Command(1, "sleep", "60")
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	// Until it is in the namespace, nobody can know whose it is.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if out, _ := exec.Command("ip", "netns", "pids", left.namespace(1)).Output(); len(out) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the process did not start")
		}
	}
	newNetwork(t, 0)
	if err := sleeper.Wait(); err == nil {
		t.Error("a process was left")
	}
	names, err := namespaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, left.prefix) {
			t.Errorf("%s was left", name)
		}
	}
}
