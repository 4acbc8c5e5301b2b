package main

import (
	"errors"
	"io"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// errReaderGone: whoever reads the output wants no more of it, as `head` does. The command
// ends as if it were done.
var errReaderGone = errors.New("the reader of the output is gone")

// withoutReaderGone is err unless it is errReaderGone, which is nothing to tell of beside
// another error.
func withoutReaderGone(err error) error {
	if errors.Is(err, errReaderGone) {
		return nil
	}
	return err
}

// stdout is the standard output of a command that writes data to it.
type stdout struct {
	io.Writer
	isTerminal bool
}

// dataOutput is a command's standard output. From then on a reader that goes is an error
// and not the end of the process, so that a data directory is closed in order.
func dataOutput(cmd *cobra.Command) stdout {
	signal.Ignore(syscall.SIGPIPE)
	out := cmd.OutOrStdout()
	return stdout{out, isTerminal(out)}
}

// Write implements io.Writer.
func (s stdout) Write(b []byte) (int, error) {
	n, err := s.Writer.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return n, errReaderGone
	}
	return n, err
}
