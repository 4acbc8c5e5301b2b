package benchmarks

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// nicer is by how much a run's niceness is above that of this process, and niceMost the most
// there is: what serves comes first.
const (
	nicer    = 10
	niceMost = 19
)

// endWithThread has the system end the process if the thread does that starts it, as it
// does with this process.
func endWithThread(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// onThreadThatYields calls a function on a thread of a low priority, which a process inherits
// that it starts. To raise a priority again takes rights: the thread is for this call alone,
// and ends with it.
func onThreadThatYields(call func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if syscall.Gettid() != os.Getpid() {
			lowerPriority()
			call()
			return
		}
		// The main thread ends with the process alone, and has its priority shown as that of
		// the process. While it is kept here, another goroutine gets another thread.
		defer runtime.UnlockOSThread()
		onThreadThatYields(call)
	}()
	<-done
}

// lowerPriority is about the calling thread.
func lowerPriority() {
	// Where it is refused, the run has the priority of all else.
	if now, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0); err == nil {
		niceness := 20 - now // as the system call tells it, to have no number below 0
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, min(niceness+nicer, niceMost))
	}
}

// sacrifice has the system end that process first, should memory run out.
func sacrifice(pid int) {
	// A system that does not let it chooses as it does among all.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte("1000"), 0)
}
