package main

import (
	"errors"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/storage"
)

// Exit codes.
const (
	exitFailure = 1 // it could not be done
	exitUsage   = 2 // it was asked for wrongly
	exitLosses  = 3 // a repair is done, and something was lost
	exitAbsent  = 4 // a key that is to be read has no value
	exitPresent = 5 // a key that is to have no value has one
)

var (
	errAbsent  = errors.New("the key is absent, was deleted or has expired")
	errPresent = errors.New("the key has a value already, and nothing was changed")
)

// usageError is an error in how the program was called or configured.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usageErrors are found in calls and settings alone, wherever they come up.
var usageErrors = []error{
	mantisdb.ErrUnknownEngine, mantisdb.ErrEngineNotBuilt,
	server.ErrBadAddress, server.ErrPublicBind,
}

func exitCode(err error) int {
	if errors.As(err, new(usageError)) {
		return exitUsage
	}
	for _, usage := range usageErrors {
		if errors.Is(err, usage) {
			return exitUsage
		}
	}
	switch {
	case errors.Is(err, storage.ErrLost):
		return exitLosses
	case errors.Is(err, errAbsent):
		return exitAbsent
	case errors.Is(err, errPresent):
		return exitPresent
	}
	return exitFailure
}

// oneLine is the text of err as one line, without the package's name, which the
// program's own takes the place of. Control characters are left out: a part of the text may
// be a server's, which may not send sequences to the terminal.
func oneLine(err error) string {
	text := strings.ReplaceAll(err.Error(), "mantisdb: ", "")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}

// usageArgs makes a wrong number of arguments a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return seeHelp(cmd, err)
		}
		return nil
	}
}

// needCommand has a command that is nothing without one below it say so, and refuse what is
// none of those.
func needCommand(cmd *cobra.Command, such string) {
	cmd.Args = usageArgs(cobra.NoArgs)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return seeHelp(cmd, errors.New("a command is missing, such as "+such))
	}
}

// seeHelp is the error of flags or arguments that do not parse.
func seeHelp(cmd *cobra.Command, err error) error {
	return usageError{errors.New(err.Error() + "; see " + cmd.CommandPath() + " --help")}
}
