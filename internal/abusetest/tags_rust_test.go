//go:build rust

package abusetest

const buildTags = "rust"
