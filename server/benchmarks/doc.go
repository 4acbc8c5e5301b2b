// Package benchmarks runs the program's benchmark mode for a server's clients, one run at a
// time, in a process of its own whose priority is low, and keeps what was measured: as files
// of a directory, or the newest in memory.
package benchmarks
