//go:build unix

package figures

import (
	"syscall"
	"time"
)

func readCPU() (f CPU) {
	f.User, f.System = processorTime(syscall.RUSAGE_SELF)
	f.ChildrenUser, f.ChildrenSystem = processorTime(syscall.RUSAGE_CHILDREN)
	return f
}

func processorTime(who int) (user, system time.Duration) {
	var usage syscall.Rusage
	if syscall.Getrusage(who, &usage) != nil {
		return 0, 0
	}
	return time.Duration(usage.Utime.Nano()), time.Duration(usage.Stime.Nano())
}
