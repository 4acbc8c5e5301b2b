package linearizable

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// checkLimit is how long the search for an order of one part of a history may take. If it
// takes longer nothing is found, which is no failure.
const checkLimit = 30 * time.Second

// Check fails the test if there is no order that explains a history, and returns how many
// parts of it took too long to tell. It leaves the parts that no order explains in the test's
// artifacts, which `go test -artifacts` keeps: as text, and the first also as a page that shows
// how far an order goes.
func Check(t *testing.T, model porcupine.Model, history []porcupine.Operation) (undecided int) {
	t.Helper()
	illegal, undecided := Illegal(model, history)
	if undecided > 0 {
		t.Logf("of %d parts of %d operations no order was found within %v, nor that there is none", undecided, len(history), checkLimit)
	}
	if len(illegal) == 0 {
		return undecided
	}
	dir := t.ArtifactDir()
	page := filepath.Join(dir, "history.html")
	_, info := porcupine.CheckOperationsVerbose(model, illegal[0], checkLimit)
	if err := porcupine.VisualizePath(model, info, page); err != nil {
		t.Error(err)
	}
	text := describe(model, illegal)
	if err := os.WriteFile(filepath.Join(dir, "history.txt"), []byte(text), 0o644); err != nil {
		t.Error(err)
	}
	t.Errorf("no order explains these operations (times in nanoseconds); %s shows them:\n%s", page, text)
	return undecided
}

// Illegal returns the parts of a history that no order explains, and how many are undecided.
func Illegal(model porcupine.Model, history []porcupine.Operation) (illegal [][]porcupine.Operation, undecided int) {
	parts := [][]porcupine.Operation{history}
	if model.Partition != nil {
		parts = model.Partition(history)
	}
	results := make([]porcupine.CheckResult, len(parts))
	next := make(chan int)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := range next {
				results[i] = porcupine.CheckOperationsTimeout(model, parts[i], checkLimit)
			}
		})
	}
	for i := range parts {
		next <- i
	}
	close(next)
	all.Wait()
	for i, result := range results {
		switch result {
		case porcupine.Illegal:
			illegal = append(illegal, parts[i])
		case porcupine.Unknown:
			undecided++
		}
	}
	return illegal, undecided
}

// describe lists operations in the order in which they began.
func describe(model porcupine.Model, parts [][]porcupine.Operation) string {
	var text strings.Builder
	for _, part := range parts {
		slices.SortFunc(part, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
		for _, op := range part {
			fmt.Fprintf(&text, "%d to %d, client %d: %s\n", op.Call, op.Return, op.ClientId, model.DescribeOperation(op.Input, op.Output))
		}
	}
	return text.String()
}
