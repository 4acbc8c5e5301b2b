package cachenode

import (
	"errors"
	"sync"
	"sync/atomic"
)

// atOnce is how many keys of a command are asked for at a time, as most are on other nodes.
const atOnce = 16

// each calls do with the numbers below n, some at a time, and returns the errors.
func each(n int, do func(i int) error) error {
	if n == 1 {
		return do(0)
	}
	var next atomic.Int64
	errs := make([]error, n)
	var workers sync.WaitGroup
	for range min(n, atOnce) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				errs[i] = do(int(i))
			}
		})
	}
	workers.Wait()
	return errors.Join(errs...)
}
