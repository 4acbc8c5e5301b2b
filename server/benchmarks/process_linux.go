package benchmarks

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// niceness is that of a run: what serves comes first.
const niceness = 10

// endWithThread has the system end the process if the thread does that starts it, as it
// does with this process.
func endWithThread(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// lowerPriority is about the calling thread, and what it starts.
func lowerPriority() {
	// Where it is refused, the run has the priority of all else.
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness)
}

// sacrifice has the system end that process first, should memory run out.
func sacrifice(pid int) {
	// A system that does not let it chooses as it does among all.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte("1000"), 0)
}
