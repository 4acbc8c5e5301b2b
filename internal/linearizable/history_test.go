package linearizable

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// clock is where the times of histories begin.
var clock = time.Now()

func elapsed() int64 { return time.Since(clock).Nanoseconds() }

// record has clients do operations at the same time, and returns what came of them. do
// returns an operation's input and output.
func record(clients, operations int, seed uint64, do func(client int, rng *rand.Rand, call func()) (in, out any)) []porcupine.Operation {
	histories := make([][]porcupine.Operation, clients)
	var all sync.WaitGroup
	for client := range clients {
		rng := rand.New(rand.NewPCG(seed, uint64(client)))
		all.Go(func() {
			for range operations {
				op := porcupine.Operation{ClientId: client}
				op.Input, op.Output = do(client, rng, func() { op.Call = elapsed() })
				op.Return = elapsed()
				histories[client] = append(histories[client], op)
			}
		})
	}
	all.Wait()
	var history []porcupine.Operation
	for _, one := range histories {
		history = append(history, one...)
	}
	return history
}

// checkLimit is how long the search for an order may take. If it takes longer nothing
// is found, which is no failure.
const checkLimit = 30 * time.Second

// check fails the test if there is no order that explains a history. It leaves the
// history in the test's artifacts, which `go test -artifacts` keeps: as text, and as a
// page that shows how far an order goes.
func check(t *testing.T, model porcupine.Model, history []porcupine.Operation) {
	t.Helper()
	result, info := porcupine.CheckOperationsVerbose(model, history, checkLimit)
	switch result {
	case porcupine.Unknown:
		t.Logf("no order of %d operations was found within %v, nor that there is none", len(history), checkLimit)
		return
	case porcupine.Ok:
		return
	}
	dir := t.ArtifactDir()
	page := filepath.Join(dir, "history.html")
	if err := porcupine.VisualizePath(model, info, page); err != nil {
		t.Error(err)
	}
	text := describe(model, history)
	if err := os.WriteFile(filepath.Join(dir, "history.txt"), []byte(text), 0o644); err != nil {
		t.Error(err)
	}
	t.Errorf("no order explains these operations (times in nanoseconds); %s shows them:\n%s", page, text)
}

// describe is the part of a history that no order explains.
func describe(model porcupine.Model, history []porcupine.Operation) string {
	parts := [][]porcupine.Operation{history}
	if model.Partition != nil {
		parts = model.Partition(history)
	}
	var text strings.Builder
	for _, part := range parts {
		if porcupine.CheckOperationsTimeout(model, part, checkLimit) == porcupine.Illegal {
			slices.SortFunc(part, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
			for _, op := range part {
				fmt.Fprintf(&text, "%d to %d, client %d: %s\n", op.Call, op.Return, op.ClientId, model.DescribeOperation(op.Input, op.Output))
			}
		}
	}
	return text.String()
}
