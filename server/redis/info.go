package redis

import (
	"fmt"
	"strings"

	"github.com/mantisdb/mantisdb/server/figures"
)

// infoSection is a part of INFO.
type infoSection struct {
	name, title string
	byDefault   bool // else it has to be asked for, by its name or as one of all
	write       func(*info)
}

var infoSections = []infoSection{
	{"server", "Server", true, (*info).server},
	{"clients", "Clients", true, (*info).clients},
	{"memory", "Memory", true, (*info).memory},
	{"persistence", "Persistence", true, (*info).persistence},
	{"stats", "Stats", true, (*info).stats},
	{"replication", "Replication", true, (*info).replication},
	{"cpu", "CPU", true, (*info).cpu},
	{"commandstats", "Commandstats", false, (*info).commandStats},
	{"errorstats", "Errorstats", true, (*info).errorStats},
	{"latencystats", "Latencystats", false, (*info).latencyStats},
	{"cluster", "Cluster", true, (*info).cluster},
	{"keyspace", "Keyspace", true, (*info).keyspace},
	{"mantisdb", "MantisDB", true, (*info).engine},
}

// info builds the text of INFO.
type info struct {
	figures.Snapshot
	r         *Request
	databases []numbered
	text      strings.Builder
}

func (i *info) line(name string, value any) { fmt.Fprintf(&i.text, "%s:%v\r\n", name, value) }

func (i *info) seconds(name string, value float64) { fmt.Fprintf(&i.text, "%s:%.6f\r\n", name, value) }

// infoCommand is INFO [section ...].
func infoCommand(r *Request) error {
	wanted := wantedSections(r.args[1:])
	snapshot, err := r.server.snapshot()
	if err != nil {
		return err
	}
	i := &info{Snapshot: snapshot, r: r}
	if wanted("keyspace", true) {
		if i.databases, err = r.server.countDatabases(); err != nil {
			return err
		}
	}
	for _, section := range infoSections {
		if !wanted(section.name, section.byDefault) {
			continue
		}
		if i.text.Len() > 0 {
			i.text.WriteString("\r\n")
		}
		i.text.WriteString("# " + section.title + "\r\n")
		section.write(i)
	}
	r.out.Verbatim("txt", i.text.String())
	return nil
}

// wantedSections tells whether a section is of those that are asked for.
func wantedSections(args [][]byte) func(name string, byDefault bool) bool {
	defaults, all, named := len(args) == 0, false, map[string]bool{}
	for _, arg := range args {
		switch name := lower(arg); name {
		case "default":
			defaults = true
		case "all", "everything":
			all = true
		default:
			named[name] = true
		}
	}
	return func(name string, byDefault bool) bool {
		return all || named[name] || defaults && byDefault
	}
}

// human is a number of bytes as people read it.
func human(bytes uint64) string {
	const units = "KMGTPE"
	if bytes < 1024 {
		return fmt.Sprintf("%dB", bytes)
	}
	n, unit := float64(bytes)/1024, 0
	for n >= 1024 {
		n /= 1024
		unit++
	}
	return fmt.Sprintf("%.2f%c", n, units[unit])
}

// flag is a truth value as INFO has it.
func flag(is bool) int {
	if is {
		return 1
	}
	return 0
}
