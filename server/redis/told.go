package redis

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mantisdb/mantisdb/server/control"
)

// told is what others than clients of this protocol are told of a client.
func (c *Client) told(now time.Time) control.Client {
	v := c.shown.Load()
	t := control.Client{
		ID: c.id, Address: c.conn.RemoteAddr().String(), Name: c.clientName(), User: v.user,
		Protocol: int(max(c.proto.Load(), 2)), Database: v.database,
		Age: max(now.Sub(c.created), 0), Idle: max(now.Sub(time.UnixMilli(c.lastUsed.Load())), 0),
		Query: c.query.Load() + c.room.Load(), Reply: c.unsent.Load() + int64(c.sink.waiting()),
		Subscriptions: v.channels + v.patterns, Blocked: c.paused.Load(),
	}
	if cmd := c.lastCmd.Load(); cmd != nil {
		t.Command = cmd.fullName()
	}
	return t
}

// SlowLog implements control.Server.
func (s *Server) SlowLog(n int) []control.SlowCommand {
	list := []control.SlowCommand{}
	for _, e := range s.slow.log.newest(int64(max(n, 0))) {
		args := make([]string, len(e.args))
		for i, arg := range e.args {
			args[i] = validText(arg)
		}
		list = append(list, control.SlowCommand{ID: e.id, Time: e.began, Took: e.took, Args: args, Client: e.address, Name: e.name})
	}
	return list
}

// ResetSlowLog implements control.Server.
func (s *Server) ResetSlowLog(by control.Visitor) {
	s.slow.log.reset()
	r := s.visiting(by)
	defer r.client.leave()
	r.logAdmin("the slow log was emptied")
}

// validText is a text in which bytes that are not UTF-8 are written as \x and two digits.
func validText(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var valid strings.Builder
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&valid, `\x%02x`, text[0])
		} else {
			valid.WriteString(text[:n])
		}
		text = text[n:]
	}
	return valid.String()
}
