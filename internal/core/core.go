// Package core links the Rust core, once for all packages that call it. Without the tag
// `rust` there is nothing in it.
package core
