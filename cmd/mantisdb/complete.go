package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noCompletion is for arguments that a shell cannot guess.
func noCompletion(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// Flags that take a directory, a file of some kinds, and any file. A shell offers nothing
// for the others that take text.
var (
	directoryFlags = map[string]bool{"data-dir": true, "checkpoint-dir": true, "dir": true}
	fileFlags      = map[string]bool{
		"file": true, "password-file": true, "users": true, "unix-socket": true, "tls-cert": true, "tls-key": true, "tls-ca": true,
		"trace": true, "svg": true, "json": true,
	}
	configExtensions = []string{"yaml", "yml", "toml"}
)

// addCompletionCommand adds cobra's own command, which by itself takes a shell that it does
// not know for a wish for help: that text would be loaded as a script.
func addCompletionCommand(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.Example = "  mantisdb completion bash > /etc/bash_completion.d/mantisdb"
			needCommand(cmd, "bash")
		}
	}
}

// addCompletions has the shell complete the values of all flags of a command and of those
// below it, and offer no files where no argument is taken.
func addCompletions(cmd *cobra.Command) {
	if cmd.Args != nil && cmd.Args(cmd, []string{"any"}) != nil && cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = noCompletion
	}
	cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) { completeFlag(cmd, flag) })
	for _, below := range cmd.Commands() {
		addCompletions(below)
	}
}

// wordsFlag is a flag that takes one of some words.
type wordsFlag interface{ words() []string }

func completeFlag(cmd *cobra.Command, flag *pflag.Flag) {
	var err error // of a flag that is none, or has a completion already
	value, takesWords := flag.Value.(wordsFlag)
	switch {
	case takesWords:
		words := cobra.FixedCompletions(value.words(), cobra.ShellCompDirectiveNoFileComp)
		err = cmd.RegisterFlagCompletionFunc(flag.Name, words)
	case flag.Value.Type() == "bool", fileFlags[flag.Name]:
		// The shell's own way is right.
	case directoryFlags[flag.Name]:
		err = cmd.MarkFlagDirname(flag.Name)
	case flag.Name == configFlag:
		err = cmd.MarkFlagFilename(flag.Name, configExtensions...)
	default:
		err = cmd.RegisterFlagCompletionFunc(flag.Name, noCompletion)
	}
	if err != nil {
		panic(err)
	}
}
