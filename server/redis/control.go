package redis

import (
	"slices"
	"strings"
	"time"

	"github.com/mantisdb/mantisdb/server/acl"
	"github.com/mantisdb/mantisdb/server/control"
)

var _ control.Server = (*Server)(nil)

// Commands implements control.Server. Containers are told by their subcommands alone.
func (s *Server) Commands(user *acl.User) []control.Command {
	list := []control.Command{}
	for _, c := range s.table.all() {
		subject := c.subject()
		if c.run == nil || !c.has(flagNoAuth) && !user.MayRun(subject) {
			continue
		}
		list = append(list, control.Command{
			Name:    strings.ToUpper(strings.ReplaceAll(c.fullName(), "|", " ")),
			Summary: c.Summary, Since: c.Since, Group: c.Group, Complexity: c.Complexity,
			Syntax: c.Syntax, Arity: c.Arity, Categories: subject.Categories,
		})
	}
	return list
}

// Clients implements control.Server.
func (s *Server) Clients() []control.Client {
	now, list := time.Now(), []control.Client{}
	for _, c := range s.clients.list() {
		list = append(list, c.told(now))
	}
	return list
}

// Kill implements control.Server.
func (s *Server) Kill(by control.Visitor, id int64) bool {
	list := s.clients.list()
	i := slices.IndexFunc(list, func(c *Client) bool { return c.id == id })
	if i < 0 {
		return false
	}
	asker := s.visit(by)
	defer asker.leave()
	list[i].kill(asker)
	return true
}
