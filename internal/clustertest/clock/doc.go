// Package clock builds a program whose wall clock can be stepped while it runs, as that of a
// machine is by who sets it: all of the process tells another time of day, and its timers, which
// go by the monotonic clock, go on as before. It replaces a file of the standard library in the
// build, and what a library of C, or of Rust, asks for the time.
package clock
