package bench

import "fmt"

// faults counts operations that failed or returned what they must not.
type faults struct {
	count uint64
	first error // the first of them
}

// add counts a fault and keeps its description if it is the first.
func (f *faults) add(format string, args ...any) {
	f.count++
	if f.first == nil {
		f.first = fmt.Errorf(format, args...)
	}
}

// merge adds those of another.
func (f *faults) merge(other *faults) {
	f.count += other.count
	if f.first == nil {
		f.first = other.first
	}
}
