package storage

import "sync/atomic"

// failure is what poisoned an engine, if anything did.
type failure struct {
	err      atomic.Pointer[error]
	happened chan struct{} // closed with the first failure
}

func (f *failure) init() { f.happened = make(chan struct{}) }

// get is the failure, nil if there was none.
func (f *failure) get() error {
	if err := f.err.Load(); err != nil {
		return *err
	}
	return nil
}

// set records the first failure and returns it.
func (f *failure) set(err error) (_ error, first bool) {
	if first = f.err.CompareAndSwap(nil, &err); first {
		close(f.happened)
	}
	return f.get(), first
}
