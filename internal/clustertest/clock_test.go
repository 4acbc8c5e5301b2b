//go:build linux

package clustertest

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestClockSteps: a clock that is stepped shows in what the server tells, and in its engine, where
// what has expired stays so when the clock is set back.
func TestClockSteps(t *testing.T) {
	needMachine(t)
	r := newRunning(t, &loopback{}).withClocks()
	n := r.add("")
	r.await("server that answers", r.answers)
	at := r.url(n) + "/api/v1/kv/"
	if err := r.send(http.MethodPut, at+"key?ttl=100s", "value"); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		by   time.Duration
		gone bool
	}{{0, false}, {-mostStep, false}, {mostStep, true}, {0, true}} {
		if err := n.step(step.by); err != nil {
			t.Fatal(err)
		}
		r.await(fmt.Sprintf("clock that is off by %v", step.by), func() error {
			answer, err := r.http.Head(at + "key")
			if err != nil {
				return err
			}
			answer.Body.Close()
			told, err := http.ParseTime(answer.Header.Get("Date"))
			if err != nil {
				return err
			}
			if off := time.Until(told) - step.by; off.Abs() > time.Minute {
				return fmt.Errorf("the server's date is off by %v", off)
			}
			if gone := answer.StatusCode == http.StatusNotFound; gone != step.gone {
				return fmt.Errorf("a value that expires in 100 s is gone: %v", gone)
			}
			return nil
		})
	}
}
