package benchmarks

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestRunsComeLast: a run has a low priority, and goes first when memory runs out.
func TestRunsComeLast(t *testing.T) {
	r := open(t, "", `read -r adjustment </proc/self/oom_score_adj
while [ "$adjustment" != 1000 ] && [ "${n:=0}" -lt 100 ]; do sleep 0.01; n=$((n + 1)); read -r adjustment </proc/self/oom_score_adj; done
echo "niceness $(cut -d' ' -f19 /proc/self/stat), $adjustment" >&2
exit 1`)
	run := r.await(t, r.begin(t).ID, hasEnded)
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	own, err := strconv.Atoi(strings.Fields(string(stat))[18])
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("niceness %d, 1000", min(own+10, 19)); !strings.Contains(run.Error, want) {
		t.Errorf("%q, want %q", run.Error, want)
	}
}
