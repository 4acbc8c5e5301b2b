package cluster_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mantisdb/mantisdb/cluster"
)

// A protocol that a program does not understand is refused with what is to be done.
func TestProtocolCheck(t *testing.T) {
	for p := cluster.OldestProtocol; p <= cluster.NewestProtocol; p++ {
		if err := p.Check(); err != nil {
			t.Errorf("%d: %v", p, err)
		}
	}
	for p, advice := range map[cluster.Protocol]string{
		cluster.NewestProtocol + 1: "start a newer release",
		cluster.OldestProtocol - 1: "start a release in between",
	} {
		if err := p.Check(); !errors.Is(err, cluster.ErrProtocol) || !strings.Contains(err.Error(), advice) {
			t.Errorf("%d: %v", p, err)
		}
	}
}
