package main

/*
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long wall_step;

void set_wall_step(long seconds) { __atomic_store_n(&wall_step, seconds, __ATOMIC_RELAXED); }

// It comes before that of the C library, for whoever is linked with the program.
int clock_gettime(clockid_t id, struct timespec *t) {
	int failed = syscall(SYS_clock_gettime, id, t);
	if (failed == 0 && id == CLOCK_REALTIME)
		t->tv_sec += __atomic_load_n(&wall_step, __ATOMIC_RELAXED);
	return failed;
}
*/
import "C"

// Variables are there before init is called.
var _ = func() bool {
	stepLibrary = func(seconds int64) { C.set_wall_step(C.long(seconds)) }
	return true
}()
