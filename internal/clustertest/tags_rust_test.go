//go:build rust

package clustertest

const buildTags = "rust"
