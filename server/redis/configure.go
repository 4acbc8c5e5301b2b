package redis

import (
	"maps"
	"slices"

	"github.com/mantisdb/mantisdb/server/control"
)

// Parameters implements control.Server.
func (s *Server) Parameters(by control.Visitor) []control.Parameter {
	r := s.visiting(by)
	defer r.client.leave()
	list := []control.Parameter{}
	for _, p := range s.parameters {
		if p.secret {
			continue
		}
		list = append(list, control.Parameter{
			Name: p.name, Value: p.get(r), Live: p.isLive(), About: p.about, Type: p.kind,
		})
	}
	return list
}

// Configure implements control.Server.
func (s *Server) Configure(by control.Visitor, values map[string]string) error {
	var wanted []*parameter
	var given []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		p := s.parameter(name)
		switch {
		case p == nil:
			return &control.ParameterError{Name: name, Reason: "there is no such parameter that can be changed"}
		case !p.isLive():
			return &control.ParameterError{Name: name, Reason: "it cannot be changed while the server runs"}
		case slices.Contains(wanted, p):
			return &control.ParameterError{Name: name, Reason: "it is named twice"}
		}
		wanted, given = append(wanted, p), append(given, values[name])
	}
	r := s.visiting(by)
	defer r.client.leave()
	if failed, why := r.configure(wanted, given); failed != nil {
		return &control.ParameterError{Name: failed.name, Reason: why.Error()}
	}
	return nil
}

// isLive tells whether the parameter may be changed while the server runs.
func (p *parameter) isLive() bool { return p.set != nil && !p.immutable }
