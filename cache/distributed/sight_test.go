package distributed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/olric-data/olric"
	olricconfig "github.com/olric-data/olric/config"
)

// fakeNodes are nodes that answer who they see, by their addresses.
type fakeNodes struct {
	mu      sync.Mutex
	replies map[string]string // to cluster.members; empty: it never replies; none: nobody connects
	dials   map[string]int    // how often somebody connected, or tried to
	open    map[string]int    // how many connections there are
}

// newFakeNodes are nodes of those replies, and a sight that asks them.
func newFakeNodes(t *testing.T, replies map[string]string) (*fakeNodes, *sight) {
	f := &fakeNodes{replies: replies, dials: map[string]int{}, open: map[string]int{}}
	c := olricconfig.NewClient()
	c.Dialer, c.DialTimeout = f.dial, probe
	s := newSight(c)
	t.Cleanup(func() {
		s.close()
		f.await(t, "all are closed", func() bool {
			for _, open := range f.open {
				if open > 0 {
					return false
				}
			}
			return true
		})
	})
	return f, s
}

func (f *fakeNodes) dial(_ context.Context, _, address string) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dials[address]++
	if _, there := f.replies[address]; !there {
		return nil, errors.New("nobody listens")
	}
	f.open[address]++
	ours, theirs := net.Pipe()
	go f.serve(address, theirs)
	return ours, nil
}

// serve answers until the connection ends.
func (f *fakeNodes) serve(address string, conn net.Conn) {
	defer conn.Close()
	for r := bufio.NewReader(conn); ; {
		command, err := readCommand(r)
		f.mu.Lock()
		reply := f.replies[address]
		if err != nil {
			f.open[address]--
		}
		f.mu.Unlock()
		if command != "cluster.members" {
			reply = "-ERR unknown command\r\n"
		}
		if err != nil {
			return
		}
		if reply != "" {
			_, _ = io.WriteString(conn, reply)
		}
	}
}

// readCommand is the first word of a command.
func readCommand(r *bufio.Reader) (word string, err error) {
	var words int
	if _, err := fmt.Fscanf(r, "*%d\r\n", &words); err != nil {
		return "", err
	}
	for i := range words {
		var length int
		if _, err := fmt.Fscanf(r, "$%d\r\n", &length); err != nil {
			return "", err
		}
		text := make([]byte, length+2)
		if _, err := io.ReadFull(r, text); err != nil {
			return "", err
		}
		if i == 0 {
			word = strings.ToLower(string(text[:length]))
		}
	}
	return word, nil
}

// set changes what a node replies.
func (f *fakeNodes) set(address, reply string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.replies[address] = reply
}

func (f *fakeNodes) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		f.mu.Lock()
		done := holds()
		dials, open := fmt.Sprint(f.dials), fmt.Sprint(f.open)
		f.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not so: %s: connected %s, open %s", what, dials, open)
		}
	}
}

// membersReply is Olric's reply to cluster.members.
func membersReply(members ...olric.Member) string {
	reply := fmt.Sprintf("*%d\r\n", len(members))
	for _, m := range members {
		reply += fmt.Sprintf("*3\r\n$%d\r\n%s\r\n:%d\r\n$5\r\nfalse\r\n", len(m.Name), m.Name, m.Birthdate)
	}
	return reply
}

// Nodes of these tests: the one that asks, and two others.
var (
	asking = olric.Member{Name: "10.0.0.1:1", Birthdate: 1}
	second = olric.Member{Name: "10.0.0.2:1", Birthdate: 2}
	third  = olric.Member{Name: "10.0.0.3:1", Birthdate: 3}
)

// TestSight: a node is seen by those that name it and when it began.
func TestSight(t *testing.T) {
	earlier := olric.Member{Name: asking.Name, Birthdate: asking.Birthdate - 1}
	for _, test := range []struct {
		name  string
		reply string
		want  answers
	}{
		{"seen", membersReply(second, asking, third), answers{2, 2}},
		{"not seen", membersReply(second, third), answers{1, 2}},
		{"as it was before it began anew", membersReply(earlier, second), answers{1, 2}},
		{"an error", "-ERR cannot be reached cluster quorum\r\n", answers{1, 1}},
		{"another kind of reply", "+OK\r\n", answers{1, 1}},
		{"other members", "*3\r\n:1\r\n*0\r\n*2\r\n*0\r\n*0\r\n", answers{1, 2}},
		{"no reply of the protocol", "garbage\r\n", answers{1, 1}},
		{"no reply", "", answers{1, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, s := newFakeNodes(t, map[string]string{second.Name: test.reply})
			if got := s.ask(asking, []olric.Member{second}, 2); got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

// TestSightAfterARefusal: a node that could not be reached is asked again as soon as it is there.
func TestSightAfterARefusal(t *testing.T) {
	t.Parallel()
	f, s := newFakeNodes(t, map[string]string{})
	others := []olric.Member{second}
	for range 3 {
		if got := s.ask(asking, others, 2); got != (answers{1, 1}) {
			t.Errorf("of a node that is not there: %+v", got)
		}
	}
	time.Sleep(watch) // as between two questions
	f.set(second.Name, membersReply(asking))
	if got := s.ask(asking, others, 2); got != (answers{2, 2}) {
		t.Errorf("of one that is there again: %+v", got)
	}
	f.await(t, "one attempt for each question", func() bool { return f.dials[second.Name] == 4 })
}

// TestSightConnections: there is one connection to each node, to one that does not answer as well,
// and none to one that is gone; and where a node itself is enough, none at all.
func TestSightConnections(t *testing.T) {
	t.Parallel()
	f, s := newFakeNodes(t, map[string]string{second.Name: membersReply(asking), third.Name: ""})
	others := []olric.Member{second, third}
	if got := s.ask(asking, others, 1); got != (answers{1, 1}) {
		t.Errorf("itself is enough: %+v", got)
	}
	time.Sleep(watch) // a question would have begun
	f.await(t, "nobody is asked", func() bool { return len(f.dials) == 0 })
	for range 5 {
		if got := s.ask(asking, others, 2); got.seen != 2 {
			t.Errorf("%+v", got)
		}
		f.await(t, "one connection each", func() bool { return f.open[second.Name] == 1 && f.open[third.Name] <= 1 })
	}
	f.await(t, "the connection of who answers is kept", func() bool { return f.dials[second.Name] == 1 })
	f.await(t, "who did not answer in time is let go", func() bool { return f.open[third.Name] == 0 })
	s.ask(asking, []olric.Member{third}, 2)
	f.await(t, "who is gone is let go", func() bool { return f.open[second.Name] == 0 })
}
