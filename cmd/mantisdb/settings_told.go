package main

import (
	"slices"

	"github.com/spf13/pflag"

	"github.com/mantisdb/mantisdb/server/control"
)

// secretFlags are those whose values are told to nobody.
var secretFlags = []string{"password"}

// settingsTold are the flags with which the server was started, as the API tells them. Those
// of the benchmark mode are not among them.
func settingsTold(flags *pflag.FlagSet) []control.Parameter {
	list := []control.Parameter{}
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden || isOfBenchmark(flag.Name) || slices.Contains(notSettings, flag.Name) || slices.Contains(secretFlags, flag.Name) {
			return
		}
		kind, choices := typeTold(flag.Value)
		list = append(list, control.Parameter{
			Name: "--" + flag.Name, Value: flag.Value.String(), About: flag.Usage, Type: kind, Choices: choices,
		})
	})
	return list
}

// typeTold is the type of a flag's value, and what it may be if that is a few words.
func typeTold(value pflag.Value) (kind string, choices []string) {
	if e, ok := value.(*enum); ok {
		return control.TypeChoice, e.words()
	}
	switch value.Type() {
	case "bool":
		return control.TypeChoice, []string{"true", "false"}
	case "int":
		return control.TypeNumber, nil
	case "duration":
		return control.TypeDuration, nil
	case "size":
		return control.TypeSize, nil
	}
	return control.TypeText, nil
}
