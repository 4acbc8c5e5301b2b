package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

const configFlag = "config"

// notSettings are flags that make no sense but on the command line.
var notSettings = []string{configFlag, "help", "version"}

// applySettings gives the flags that the command line does not have the values
// of their variables, or else of the file that --config names. It runs before
// the command does.
func applySettings(cmd *cobra.Command, _ []string) error {
	flags := cmd.Flags()
	file, err := loadFile(flags)
	if err != nil {
		return usageError{err}
	}
	flags.VisitAll(func(flag *pflag.Flag) {
		if err != nil || flag.Changed || slices.Contains(notSettings, flag.Name) {
			return
		}
		if value, ok := variable(flag.Name); ok {
			err = set(flags, flag.Name, value, variableName(flag.Name))
		} else if value, ok := file.values[flag.Name]; ok {
			err = set(flags, flag.Name, value, file.path)
		}
	})
	if err != nil {
		return usageError{err}
	}
	return nil
}

// givenFlags are the names of the flags that the command line has, if asked for
// before applySettings.
func givenFlags(flags *pflag.FlagSet) []string {
	var names []string
	flags.Visit(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return names
}

// set gives a flag a value that came from origin.
func set(flags *pflag.FlagSet, name, value, origin string) error {
	if err := flags.Set(name, value); err != nil {
		return fmt.Errorf("%s: %w", origin, err)
	}
	return nil
}

// variableName is the variable of a flag: MANTISDB_DATA_DIR of data-dir.
func variableName(flag string) string {
	return "MANTISDB_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// variable is the value of a flag's variable; an empty one counts as unset.
func variable(flag string) (string, bool) {
	value := os.Getenv(variableName(flag))
	return value, value != ""
}

// settingsFile is a configuration file: flags' names and values.
type settingsFile struct {
	path   string
	values map[string]string
}

// loadFile reads the file that --config or MANTISDB_CONFIG names, if any. A key
// in it that is no flag is an error: it is a slip, or meant for another version.
func loadFile(flags *pflag.FlagSet) (settingsFile, error) {
	path := flags.Lookup(configFlag).Value.String()
	if path == "" {
		path, _ = variable(configFlag)
	}
	if path == "" {
		return settingsFile{}, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return settingsFile{}, fmt.Errorf("cannot read the configuration file: %w", err)
	}
	values, err := parseFile(path, data)
	if err != nil {
		return settingsFile{}, fmt.Errorf("%s: %w", path, err)
	}
	for key := range values {
		if flags.Lookup(key) == nil || slices.Contains(notSettings, key) {
			return settingsFile{}, fmt.Errorf("%s: unknown key %q: keys are named as the flags are", path, key)
		}
	}
	return settingsFile{path, values}, nil
}

func parseFile(path string, data []byte) (map[string]string, error) {
	switch filepath.Ext(path) {
	case ".yaml", ".yml":
		return parseYAML(data)
	case ".toml":
		return parseTOML(data)
	}
	return nil, errors.New("the name of a configuration file must end in .yaml, .yml or .toml")
}

// parseYAML takes values as they are written: 007 stays 007.
func parseYAML(data []byte) (map[string]string, error) {
	var nodes map[string]yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(data))
	if err := documents.Decode(&nodes); err != nil && err != io.EOF {
		return nil, err
	}
	if err := documents.Decode(&yaml.Node{}); err != io.EOF {
		return nil, errors.Join(err, errors.New("there is more than one document in it"))
	}
	values := make(map[string]string, len(nodes))
	for key, node := range nodes {
		for node.Kind == yaml.AliasNode {
			node = *node.Alias
		}
		if node.Kind != yaml.ScalarNode || node.Tag == "!!null" {
			return nil, notPlain(key)
		}
		values[key] = node.Value
	}
	return values, nil
}

func parseTOML(data []byte) (map[string]string, error) {
	var raw map[string]any
	if err := toml.Unmarshal(data, &raw); err != nil {
		return nil, err
	}
	values := make(map[string]string, len(raw))
	for key, value := range raw {
		switch value.(type) {
		case string, bool, int64, float64:
			values[key] = fmt.Sprint(value)
		default:
			return nil, notPlain(key)
		}
	}
	return values, nil
}

func notPlain(key string) error {
	return fmt.Errorf("key %q needs a plain value: a string, a number, true or false", key)
}
