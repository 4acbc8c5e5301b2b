package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// settle runs the settings of a server's command and returns its flags.
func settle(t *testing.T, args []string, env map[string]string) (*serveFlags, error) {
	t.Helper()
	for name, value := range env {
		t.Setenv(name, value)
	}
	var flags serveFlags
	cmd := &cobra.Command{Use: "x", PreRunE: applySettings, Run: func(*cobra.Command, []string) {}, SilenceErrors: true, SilenceUsage: true}
	flags.add(cmd.Flags())
	cmd.SetArgs(args)
	return &flags, cmd.Execute()
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPrecedence: flag over variable over file over default.
func TestPrecedence(t *testing.T) {
	yaml := "data-dir: from-file\nport: 1001\nlog-level: \"warn\"\nallow-public: true\nshutdown-timeout: 5s\nengine: go\n"
	toml := "data-dir = \"from-file\"\nport = 1001\nlog-level = 'warn'\nallow-public = true\nshutdown-timeout = \"5s\"\nengine = \"go\"\n"
	for name, content := range map[string]string{"s.yaml": yaml, "s.yml": yaml, "s.toml": toml} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, name, content)
			flags, err := settle(t, []string{"--config", path}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if flags.dataDir != "from-file" || flags.address.Port != 1001 || flags.log.level.value != "warn" ||
				!flags.address.AllowPublic || flags.shutdownTimeout.String() != "5s" || flags.engine.value != "go" {
				t.Errorf("from the file: %+v", flags)
			}
			if flags.address.Bind != "127.0.0.1" || flags.log.format.value != "text" {
				t.Errorf("the defaults: %+v", flags)
			}
			env := map[string]string{"MANTISDB_DATA_DIR": "from-env", "MANTISDB_LOG_FORMAT": "json", "MANTISDB_LOG_LEVEL": "", "MANTISDB_CONFIG": path}
			if flags, err = settle(t, []string{"--port=1002"}, env); err != nil {
				t.Fatal(err)
			}
			if flags.address.Port != 1002 || flags.dataDir != "from-env" || flags.log.format.value != "json" || flags.log.level.value != "warn" {
				t.Errorf("flag and variables over the file: %+v", flags)
			}
			if flags, err = settle(t, []string{"--data-dir=from-flag", "--config", path}, nil); err != nil || flags.dataDir != "from-flag" {
				t.Errorf("flag over variable: %+v, %v", flags, err)
			}
			// A flag given its default value is given all the same.
			if flags, err = settle(t, []string{"--port=8080", "--config", path}, nil); err != nil || flags.address.Port != 8080 {
				t.Errorf("flag over file: %+v, %v", flags, err)
			}
		})
	}
}

func TestSettingsFiles(t *testing.T) {
	for name, content := range map[string]string{
		"empty.yaml": "", "comment.yaml": "# nothing\n", "empty.toml": "",
		"alias.yaml": "data-dir: &a x\nbind: 127.0.0.1\nlog-level: info\n",
	} {
		if _, err := settle(t, []string{"--config", writeFile(t, name, content)}, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for content, want := range map[string]string{
		"engine: leveldb":  "use rust, go or cache",
		"port: eight":      "port",
		"- port":           "cannot unmarshal",
		"data-dir: {a: b}": "plain value",
		"help: true":       `unknown key "help"`,
		"log_level: info":  `unknown key "log_level"`,
	} {
		path := writeFile(t, "s.yaml", content)
		if _, err := settle(t, []string{"--config", path}, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v lacks %q or the file's name", content, err, want)
		}
	}
}

func TestVariableName(t *testing.T) {
	if got := variableName("data-dir"); got != "MANTISDB_DATA_DIR" {
		t.Error(got)
	}
}

// TestFlagsAreDocumented: the guide has every flag of every command.
func TestFlagsAreDocumented(t *testing.T) {
	guide, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	root := newRootCommand()
	for _, cmd := range append(root.Commands(), root) {
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			if flag.Name != "help" && !strings.HasPrefix(flag.Name, "benchmark-") && !strings.Contains(string(guide), "`--"+flag.Name+"`") {
				t.Errorf("docs/cli.md lacks --%s of %s", flag.Name, cmd.Name())
			}
		})
	}
}
