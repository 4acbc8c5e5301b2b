package main

import (
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

func newManCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "man --dir=DIR",
		Short: "Write the manual pages to a directory",
		Long: "Writes a manual page for each command to a directory, which is made unless it exists:\n" +
			"mantisdb.1, mantisdb-get.1 and so on. Their date is today, or that of\n" +
			"SOURCE_DATE_EPOCH.",
		Example: "  mantisdb man --dir=man && man -l man/mantisdb-scan.1",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return usageError{errors.New("--dir is missing: name the directory to write to")}
			}
			return writeManual(cmd.Root(), dir)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "directory to write to")
	return cmd
}

func writeManual(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	asMarkdown(root)
	header := doc.GenManHeader{Section: "1", Source: "MantisDB " + versionNumber(), Manual: "MantisDB"}
	return doc.GenManTree(root, &header, dir)
}

// asMarkdown makes the texts of a command, and of those below it, what the generator takes
// them for. The words that a flag takes are told in its text: the generator does not.
func asMarkdown(cmd *cobra.Command) {
	cmd.Long = markdown(cmd.Long)
	cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		flag.Usage = markdown(flag.Usage)
		if value, ok := flag.Value.(wordsFlag); ok {
			flag.Usage += " (" + strings.Join(value.words(), ", ") + ")"
		}
	})
	for _, below := range cmd.Commands() {
		if below.Name() != "completion" { // its texts are written for that already
			asMarkdown(below)
		}
	}
}

var markdownEscapes = strings.NewReplacer(`\`, `\\`, "<", `\<`, "*", `\*`, "_", `\_`, "`", "\\`")

// markdown is text in which nothing is markup, but that indented lines are examples.
func markdown(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if example, ok := strings.CutPrefix(line, "  "); ok {
			lines[i] = "\t" + example
		} else {
			lines[i] = markdownEscapes.Replace(line)
		}
	}
	return strings.Join(lines, "\n")
}
