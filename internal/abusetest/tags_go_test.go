//go:build !rust

package abusetest

const buildTags = ""
