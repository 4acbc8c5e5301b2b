package server

import "errors"

// Errors of a Store whose data is not in this process alone. They come wrapped with what is
// the matter, in words for the client.
var (
	// ErrUnavailable is the error of what was not done, since others are missing for it.
	ErrUnavailable = errors.New("not available now")
	// ErrOutcomeUnknown is the error of a write of which it is not known whether it was done.
	ErrOutcomeUnknown = errors.New("this may have been done, or not")
)
