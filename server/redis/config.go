package redis

import (
	"slices"
	"strings"

	"github.com/mantisdb/mantisdb/internal/glob"
)

func configCommands() []*Command {
	const flags = flagAdmin | flagNoScript | flagLoading | flagStale
	return []*Command{
		{Name: "config", Arity: -2, Group: "server",
			Summary: "A container for server configuration commands.", Since: "2.0.0", Complexity: "Depends on subcommand.",
			Subcommands: subcommands(
				&Command{Name: "get", Arity: -3, Flags: flags, Group: "server", Syntax: "<pattern> [<pattern> ...]",
					Summary: "Returns the parameters that match a pattern, and their values.", Since: "2.0.0",
					Complexity: "O(N) where N is the number of configuration parameters provided", run: configGet},
				&Command{Name: "set", Arity: -4, Flags: flags, Group: "server", Syntax: "<parameter> <value> [<parameter> <value> ...]",
					Summary: "Sets parameters, all or none, until the server ends.", Since: "2.0.0",
					Complexity: "O(N) where N is the number of configuration parameters provided", run: configSet},
				&Command{Name: "resetstat", Arity: 2, Flags: flags, Group: "server",
					Summary: "Has the statistics of INFO count from zero again.", Since: "2.0.0", Complexity: "O(1)", run: configResetStat},
				&Command{Name: "rewrite", Arity: 2, Flags: flags, Group: "server",
					Summary: "Writes the parameters to the configuration file, of which there is none.", Since: "2.8.0", Complexity: "O(1)", run: configRewrite},
			)},
	}
}

// configGet is CONFIG GET pattern [pattern ...].
func configGet(r *Request) error {
	type match struct {
		*parameter
		name string // as it was asked for, if by its name
	}
	var found []match
	for _, p := range r.server.parameters {
		i := slices.IndexFunc(r.args[2:], func(pattern []byte) bool { return glob.Match(lower(pattern), p.name) })
		if i < 0 {
			continue
		}
		if asked := string(r.args[2+i]); strings.EqualFold(asked, p.name) {
			found = append(found, match{p, asked})
		} else {
			found = append(found, match{p, p.name})
		}
	}
	r.out.Map(len(found))
	for _, m := range found {
		r.out.BulkString(m.name)
		r.out.BulkString(m.get(r))
	}
	return nil
}

// parameter is the one of a name, nil if there is none.
func (s *Server) parameter(name string) *parameter {
	for _, p := range s.parameters {
		if p.name == strings.ToLower(name) {
			return p
		}
	}
	return nil
}

// configSet is CONFIG SET parameter value [parameter value ...]. If one cannot be set, all
// have the values again that they had.
func configSet(r *Request) error {
	if len(r.args)%2 != 0 {
		return errSyntax
	}
	wanted, err := r.parametersToSet()
	if err != nil {
		return err
	}
	values := make([]string, len(wanted))
	for i := range wanted {
		values[i] = string(r.args[2*i+3])
	}
	if failed, why := r.configure(wanted, values); failed != nil {
		return configFailed(failed.name, why.Error())
	}
	r.out.OK()
	return nil
}

// configure gives parameters values. If one cannot have its value, that one is returned
// with the reason, and all have the values again that they had.
func (r *Request) configure(wanted []*parameter, values []string) (failed *parameter, why error) {
	r.server.configuring.Lock()
	defer r.server.configuring.Unlock()
	before := make([]string, len(wanted))
	for i, p := range wanted {
		before[i] = p.get(r)
	}
	for i, p := range wanted {
		if why := p.change(r, values[i]); why != nil {
			for done := range i {
				if undone := wanted[done].change(r, before[done]); undone != nil {
					r.server.logger.Error("a parameter could not be set back", "parameter", wanted[done].name, "error", undone.Error())
				}
			}
			return p, why
		}
	}
	for _, p := range wanted {
		r.logAdmin("a parameter was set", "parameter", p.name) // whose value may be a password
	}
	return nil, nil
}

func configFailed(name, why string) error {
	return Error("ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why)
}

// parametersToSet are those that are named, each of which there must be, and once.
func (r *Request) parametersToSet() ([]*parameter, error) {
	var wanted []*parameter
	var wrong error
	for i := 2; i < len(r.args); i += 2 {
		p := r.server.parameter(string(r.args[i]))
		switch {
		case p == nil:
			return nil, Error("ERR Unknown option or number of arguments for CONFIG SET - '" + string(r.args[i]) + "'")
		case wrong != nil:
		case p.immutable:
			wrong = configFailed(string(r.args[i]), "can't set immutable config")
		case slices.Contains(wanted, p):
			wrong = configFailed(string(r.args[i]), "duplicate parameter")
		}
		wanted = append(wanted, p)
	}
	return wanted, wrong
}

func configResetStat(r *Request) error {
	r.server.resetFigures()
	r.logAdmin("the figures count from zero again")
	r.out.OK()
	return nil
}

func configRewrite(*Request) error {
	return Error("ERR The server is running without a config file")
}
