package main

import (
	"io"
	"log/slog"

	"github.com/spf13/pflag"
)

// logFlags say what is logged and in what form.
type logFlags struct {
	level, format enum
}

var logLevels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

func (f *logFlags) add(flags *pflag.FlagSet) {
	f.level = newEnum("info", "debug", "info", "warn", "error")
	f.format = newEnum("text", "text", "json")
	flags.Var(&f.level, "log-level", "what to log; debug tells of every request")
	flags.Var(&f.format, "log-format", "form of the log, which goes to standard error")
}

func (f *logFlags) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: logLevels[f.level.value]}
	if f.format.value == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
