package main

import (
	"errors"

	"github.com/dustin/go-humanize"
)

// byteSize is a flag that takes a number of bytes with a unit: 512MiB.
type byteSize struct{ n uint64 }

// String implements pflag.Value.
func (b *byteSize) String() string {
	if b.n == 0 {
		return ""
	}
	return humanize.IBytes(b.n)
}

// Set implements pflag.Value.
func (b *byteSize) Set(s string) error {
	n, err := humanize.ParseBytes(s)
	if err != nil || n == 0 {
		return errors.New("use a size such as 512MiB or 2GiB")
	}
	b.n = n
	return nil
}

// Type implements pflag.Value: it is what --help shows.
func (b *byteSize) Type() string { return "size" }
