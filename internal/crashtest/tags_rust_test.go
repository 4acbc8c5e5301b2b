//go:build rust

package crashtest

const buildTags = "rust"
