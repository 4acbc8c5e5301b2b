package scenario

import (
	"errors"
	"testing"
)

// Clients are used again, but what they did before is not told again.
func TestRunsCountTheirOwn(t *testing.T) {
	r := loadedRun(t, newCounted())
	var drawn [2]uint64
	for i := range drawn {
		did, err := r.run(load{threads: 3, steps: 10, salt: 7}, func(c *client, step int64) (int64, error) {
			if c == r.clients[1] && step == 9 {
				drawn[i] = c.random.Next()
			}
			return 5, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if did.ops != 150 || did.taken.Count() != 30 || did.seconds <= 0 {
			t.Errorf("run %d: %d operations in %d steps", i, did.ops, did.taken.Count())
		}
	}
	if drawn[0] != drawn[1] {
		t.Error("the same load draws other numbers")
	}
}

func TestRunEndsWithTheFirstError(t *testing.T) {
	r := loadedRun(t, newCounted())
	broken := errors.New("broken")
	_, err := r.run(load{threads: 3}, func(c *client, step int64) (int64, error) {
		if c == r.clients[2] && step == 100 {
			return 0, broken
		}
		return 1, nil
	})
	if !errors.Is(err, broken) {
		t.Errorf("the run ended with %v", err)
	}
}
