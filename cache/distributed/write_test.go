package distributed

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/olric-data/olric"
)

// failing are keys of which every write fails at once.
type failing struct {
	olric.DMap
	err error
}

func (f *failing) Put(context.Context, string, any, ...olric.PutOption) error { return f.err }

// TestAWriteThatMayBeOnItsWay: who issued it is told when no node does it any more.
func TestAWriteThatMayBeOnItsWay(t *testing.T) {
	for _, one := range []struct {
		err   error
		takes time.Duration
	}{
		{errors.New("redis: client is closed"), call},
		{errors.New("tcp 10.0.0.1:7100: connect: " + syscall.ECONNREFUSED.Error()), 0},
		{olric.ErrKeyFound, 0},
		{ErrLate, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var keys olric.DMap = &failing{err: one.err}
			m, c := &member{}, &Cache{}
			m.keys.Store(&keys)
			c.member.Store(m)
			began := time.Now()
			if err := c.Set(t.Context(), []byte("a"), nil, SetOptions{}); err == nil {
				t.Errorf("%v: it is done", one.err)
			}
			if took := time.Since(began); took != one.takes {
				t.Errorf("%v: told after %v, want %v", one.err, took, one.takes)
			}
		})
	}
}
