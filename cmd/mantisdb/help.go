package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// addHelpCommand adds cobra's own command, which by itself takes a command that there is not
// for a wish for the help of the program.
func addHelpCommand(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			cmd.Example = "  mantisdb help get"
			cmd.Args = checkHelpArgs
		}
	}
}

// checkHelpArgs refuses arguments that do not name a command.
func checkHelpArgs(cmd *cobra.Command, args []string) error {
	if _, rest, err := cmd.Root().Find(args); err != nil || len(rest) > 0 {
		return seeHelp(cmd.Root(), fmt.Errorf("unknown command %q for %q", strings.Join(args, " "), cmd.CommandPath()))
	}
	return nil
}
