/* When a goroutine that calls the core again and again should let others run.
 *
 * Go's monitor takes the processor from a goroutine that has run for 10 ms. If it is in a
 * call of C by then, its thread has to find another processor, and for milliseconds
 * after that the monitor wakes every 20 us, which took an eighth of a processor where two
 * were busy with such calls. Neither happens to those who go to the scheduler
 * by themselves a little earlier.
 */
#ifndef MANTISDB_TIMESLICE_H
#define MANTISDB_TIMESLICE_H

#include <stdint.h>
#include <time.h>

enum {
	/* Calls of a thread between two looks at the clock. */
	TIMESLICE_CALLS = 256,
	/* The time that a thread's goroutines are given, in nanoseconds. */
	TIMESLICE_LENGTH = 4 * 1000 * 1000,
};

/* Counts a call of this thread. Returns 1 if the goroutine should call runtime.Gosched after
 * it, else 0. */
static inline int32_t timeslice_is_over(void) {
	static __thread uint32_t calls;
	static __thread int64_t began;
	if (++calls % TIMESLICE_CALLS != 0) {
		return 0;
	}
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t now = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
	if (now - began < TIMESLICE_LENGTH) {
		return 0;
	}
	began = now;
	return 1;
}

#endif
