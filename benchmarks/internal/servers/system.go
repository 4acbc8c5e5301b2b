package servers

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/mantisdb/mantisdb/benchmarks/internal/process"
)

// system is a server that is measured.
type system struct {
	name     string
	language string // that it is written in
	// program is what is run.
	program func(Options) string
	// flags are those that a durability takes, as they stand in records.
	flags func(durability) []string
	// place are the flags for its port and, if it writes, its directory.
	place func(d durability, at process.Place) []string
	// member are the flags of node i of a cluster of all; nil if it makes none.
	member func(all []process.Place, i int) []string
	// dial connects a client of its own, with one connection. Without it, the server has no
	// other protocol than HTTP.
	dial func(addr string) (client, error)
	// scenarios that it takes part in.
	scenarios []string
}

var systems = []system{mantisDB, redisServer, memcachedServer, etcdServer, mantisDBAlone, mantisDBStale, emptyHandler}

func find(name string) (system, error) {
	i := slices.IndexFunc(systems, func(s system) bool { return s.name == name })
	if i < 0 {
		return system{}, fmt.Errorf("no engine %q: \"servers engines\" lists them", name)
	}
	return systems[i], nil
}

// WriteEngines writes a line for each engine: its name, and the scenarios it can do.
func WriteEngines(out io.Writer) error {
	for _, s := range systems {
		if _, err := fmt.Fprintln(out, s.name, strings.Join(s.scenarios, " ")); err != nil {
			return err
		}
	}
	return nil
}

func (s system) does(scenario string) bool { return slices.Contains(s.scenarios, scenario) }

func (s system) command(o Options, c scenario, all []process.Place, i int) []string {
	command := slices.Concat([]string{s.program(o)}, s.flags(c.durability), s.place(c.durability, all[i]))
	if c.nodes > 0 && s.member != nil {
		command = append(command, s.member(all, i)...)
	}
	return command
}

// settings are the flags that matter, for the records.
func (s system) settings(d durability) string {
	if flags := s.flags(d); len(flags) > 0 {
		return strings.Join(flags, " ")
	}
	return "defaults"
}

// stated is where a version stands in what a program says of itself.
var stated = regexp.MustCompile(`(?:^mantisdb |^memcached | v=|^etcd Version: )(\S+)`)

// version is what the program says that it is.
func (s system) version(ctx context.Context, o Options) string {
	if s.name == emptyHandler.name {
		return strings.TrimPrefix(runtime.Version(), "go")
	}
	out, err := exec.CommandContext(ctx, s.program(o), "--version").CombinedOutput()
	if found := stated.FindSubmatch(out); err == nil && found != nil {
		return string(found[1])
	}
	return "unknown"
}

// packages of Debian in which programs are.
var packages = map[string]string{
	"redis-server": "redis-server", redisCLI: "redis-tools", redisBenchmark: "redis-tools",
	"memcached": "memcached", "etcd": "etcd-server", wrk: "wrk",
}

// requirePrograms tells of the first that is not installed.
func requirePrograms(programs ...string) error {
	for _, program := range programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if name, ok := packages[program]; ok {
			return fmt.Errorf("%s is not installed (Debian: apt-get install %s)", program, name)
		}
		return fmt.Errorf("no program %q: make build-rust builds MantisDB's server, -mantisdb names it", program)
	}
	return nil
}

// fixed is a program that always has the same name.
func fixed(program string) func(Options) string {
	return func(Options) string { return program }
}

// self is this program.
func self(Options) string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}
